import type { PostMortem } from '../errors.js';
import { messageOf } from '../thrown.js';
import { now } from '../timers.js';
import type { ThreadInspector } from './inspector.js';
import { interpret, type Sighting, sightingOf, unknown } from './post-mortem.js';
import type { Slot } from './slot.js';
import { type KernelState, kernelState } from './wire/kernel-thread.js';
import { PROBE } from './wire/probe.js';
import { PHASE } from './wire/shared-memory.js';

/** Longest time a thread has to answer, in milliseconds: then the kill comes without a post-mortem. */
const BUDGET = 100;
/** For this long a thread is looked at again and again, to tell what is hot, in milliseconds. */
const HOT_FOR = 2;
/** A thread that computes answers within 2 ms of its own time: one that has run for so many and did not is in native code. */
const LONG_ENOUGH = 20;

/** Looks where stuck threads are, all at once, each within its budget. */
export class Inspections {
  readonly #inspector: ThreadInspector;

  constructor(inspector: ThreadInspector) {
    this.#inspector = inspector;
  }

  /** Where the thread of a slot is. Resolves within {@link BUDGET} ms, and never rejects: a kill waits for it. */
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
    const loading = slot.activity().phase === PHASE.LOADING;
    const begun = now();
    const before = kernelState(slot.kernelThreadId);
    const first = await this.#sighting(slot, BUDGET);
    if (first === undefined) return silent(loading, before, kernelState(slot.kernelThreadId));
    const sightings: [Sighting, ...Sighting[]] = [first];
    while (now() - begun < HOT_FOR) {
      const next = await this.#sighting(slot, BUDGET - HOT_FOR);
      if (next === undefined) break;
      sightings.push(next);
    }
    return interpret(sightings, loading);
  }

  /** What the thread answers; `undefined` when it does not. Rejects when that is of no use. */
  async #sighting({ threadId }: Slot, budget: number): Promise<Sighting | undefined> {
    const answer = await this.#inspector.evaluate(threadId, `${PROBE}()`, budget);
    if (answer === undefined) return undefined;
    const sighting = sightingOf(answer.value);
    if (sighting === undefined) throw new Error('its stack cannot be read: was Error changed or frozen?');
    return sighting;
  }
}

/** What is known of a thread that was asked and did not answer, by its states before and after. */
export function silent(loading: boolean, before: KernelState | undefined, after: KernelState | undefined): PostMortem {
  if (loading) return { kind: 'loading', stack: [] };
  // One that waits for events, or in `Atomics.wait`, would have been woken; one that was ready to run may not have been let.
  const isNative = before !== undefined && after !== undefined && (after.sleeps || after.ran - before.ran >= LONG_ENOUGH);
  return isNative ? { kind: 'native', stack: [] } : unknown(`no answer within ${BUDGET} ms`);
}
