import type { PostMortem } from '../errors/post-mortem.js';
import { messageOf } from '../errors/thrown.js';
import { now } from '../time/timers.js';
import type { ThreadInspector } from './inspector.js';
import { interpret, type Sighting, sightingOf, unknown } from './post-mortem.js';
import type { Slot } from './slot.js';
import { type KernelState, kernelState } from './wire/kernel-thread.js';
import { PROBE } from './wire/probe.js';
import { PHASE } from './wire/shared-memory.js';

/** A thread that computes answers within some milliseconds, where it gets a CPU. After so many it is looked at from outside, again and again. */
const CHECK_EVERY = 100;
/** Longest time that one has to answer which is ready to run, but gets no CPU, or is at its answer: to terminate it before could abort the process. */
const PATIENCE = 1_000;
/** One that has run for so many milliseconds since it was asked, and has not answered, is in native code. */
const LONG_ENOUGH = 40;
/** For this long a thread is looked at again and again, to tell what is hot, in milliseconds. */
const HOT_FOR = 2;

/** Looks where stuck threads are, all at once. */
export class Inspections {
  readonly #inspector: Pick<ThreadInspector, 'evaluate'>;

  constructor(inspector: Pick<ThreadInspector, 'evaluate'>) {
    this.#inspector = inspector;
  }

  /** Where the thread of a slot is. Resolves within {@link CHECK_EVERY} ms, or {@link PATIENCE} where it gets no CPU or answers for long, and never rejects: a kill waits for it. */
  async of(slot: Slot): Promise<PostMortem> {
    try {
      const { performance } = slot.worker;
      const before = performance.eventLoopUtilization();
      const found = await this.#inspect(slot);
      return { ...found, elu: performance.eventLoopUtilization(before).utilization };
    } catch (error) {
      return unknown(messageOf(error));
    }
  }

  async #inspect(slot: Slot): Promise<PostMortem> {
    const { answering, kernelThreadId } = slot;
    const loading = slot.phase === PHASE.LOADING;
    const begun = now();
    const before = kernelState(kernelThreadId);
    const isNative = () => !answering.hasBegun && isInNativeCode(before, kernelState(kernelThreadId));
    const isUnknown = () => !answering.hasBegun && before === undefined;
    const giveUp = () => isUnknown() || isNative() || now() - begun >= PATIENCE;
    const sightings: Sighting[] = [];
    do {
      const sighting = await this.#sighting(slot, giveUp);
      if (sighting === undefined) break;
      sightings.push(sighting);
    } while (now() - begun < HOT_FOR);
    const [first, ...more] = sightings;
    if (first !== undefined) return interpret([first, ...more], loading);
    if (loading) return { kind: 'loading', stack: [] };
    return isNative() ? { kind: 'native', stack: [] } : unknown(`no answer within ${Math.round(now() - begun)} ms`);
  }

  /** What the thread answers; `undefined` when it does not. Rejects when that is of no use. */
  async #sighting({ answering, threadId }: Slot, giveUp: () => boolean): Promise<Sighting | undefined> {
    answering.asked();
    const answer = await this.#inspector.evaluate(threadId, `${PROBE}()`, CHECK_EVERY, giveUp);
    if (answer === undefined) return undefined;
    const sighting = sightingOf(answer.value);
    if (sighting === undefined) throw new Error('its stack cannot be read: was Error changed or frozen?');
    return sighting;
  }
}

/**
 * Whether it is known that a thread which was asked and does not answer is in native code, by its states before and now. One
 * that waits for events would have been woken; one that was ready to run may not have been let.
 */
export function isInNativeCode(before: KernelState | undefined, now: KernelState | undefined): boolean {
  return before !== undefined && now !== undefined && (now.sleeps || now.ran - before.ran >= LONG_ENOUGH);
}
