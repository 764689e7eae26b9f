import { setTimeout as sleep } from 'node:timers/promises';

/** Time to close for all peers of a measurement, in milliseconds. */
const TIME_TO_CLOSE = 10_000;

/**
 * Closes what a measurement has opened, and goes on without what does not close: on Node.js 24 the
 * promise of rivals that closed together was seen never to settle, and the benchmark hung.
 */
export async function closeAll(open: Iterable<{ close(): Promise<unknown> }>): Promise<void> {
  const closed = Promise.all([...open].map((peer) => peer.close())).then(() => true);
  const inTime = await Promise.race([closed, sleep(TIME_TO_CLOSE, false, { ref: false })]);
  if (!inTime) console.error(`not all that were measured have closed within ${TIME_TO_CLOSE} ms; going on`);
}
