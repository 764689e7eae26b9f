/**
 * What `threadmill/testing` is made of: the places where a queue's time, chance and threads can be replaced, and the
 * parts that do to a value in this thread what crossing to another does to it. No part of the API.
 */
import type { Clock } from './clock.js';
import type { DispatchHost } from './threads/host.js';
import type { Runner } from './threads/runner.js';

/** Replacements, as the second argument of `new JobQueue`. */
export interface Seams {
  /** Default the real time. */
  clock?: Clock;
  /** Gives numbers from 0 to 1 for the jitter of a backoff. Default `Math.random`. */
  random?: () => number;
  /** Makes what runs the jobs. Default worker threads. */
  runner?: (host: DispatchHost, clock: Clock, options: RunnerOptions) => Runner;
}

/** What a runner must know of its queue. */
export interface RunnerOptions {
  /** Jobs running at once. */
  threads: number;
  /** What the id of a job with a number begins with. */
  idPrefix: string;
}

export { type Clock, realClock, type Timer } from './clock.js';
export { payloadOf } from './intake.js';
export type { Outcome } from './job/attempt.js';
export { isDefinition } from './job/definition.js';
export { cancelled, type Victim } from './job/job.js';
export { pack } from './job/payload.js';
export type { JobRecord } from './job/record.js';
export { validate } from './job/validate.js';
export { checkOptions } from './options.js';
export { checkAddOptions } from './queue-options.js';
export { messageOf, textOf } from './text.js';
export { crashError, notSent, timeoutError } from './threads/endings.js';
export { decodeThrown, encodeThrown } from './threads/error-codec.js';
export { HandlerContext } from './threads/handler-context.js';
export type { AttemptEnd, DispatchHost, HandlerMessage, KillReason } from './threads/host.js';
export { checkedOutput, notReturned } from './threads/output.js';
export type { Location, Runner, ThreadStats } from './threads/runner.js';
export { CELL, CELLS } from './threads/shared-memory.js';
export { movedOf } from './threads/transfer.js';
