import type { Clock } from '../time/clock.js';
import type { Slot } from './slot.js';
import { PHASE } from './wire/shared-memory.js';

/** Time that an idle thread has to end by itself, in milliseconds. */
const PEACE = 500;

/** Ends a thread whose queue is closing: in peace where it runs nothing, else by `terminate`. Resolves when it has exited. */
export async function endThread(slot: Slot, clock: Clock, terminate: (slot: Slot) => void): Promise<void> {
  slot.deadline.clear();
  await slot.inspection;
  if (slot.state === 'ending') await slot.exited;
  if (slot.state === 'idle' || slot.state === 'warming' || (slot.state === 'busy' && slot.phase === PHASE.IDLE))
    await endInPeace(slot, clock);
  slot.close();
  terminate(slot);
  await slot.exited;
}

/** Asks a thread to end. Resolves when it has, or has had its time to. */
export function endInPeace(slot: Slot, clock: Clock): Promise<void> {
  slot.end();
  return new Promise((resolve) => {
    const timer = clock.setTimeout(resolve, PEACE);
    void slot.exited.then(() => {
      clock.clearTimeout(timer);
      resolve();
    });
  });
}
