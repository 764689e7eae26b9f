import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Backoff } from './backoff.js';
import type { Codec } from './codec.js';
import type { JobContext } from './context.js';
import type { GroupOptions } from './group.js';

/** What the options of `defineJob` say, apart from the schemas and the handler. */
export interface JobOptions<Parsed = any> {
  /** Unique in a queue: a letter or digit, then letters, digits, `_`, `.` or `-`. */
  name: string;
  /** `import.meta.url` of the file that defines the job, or `__filename` there: the threads import that file. */
  module: string | URL;
  /**
   * Longest time one attempt may run, in milliseconds. Default 30 000; always finite, 1 to 2 147 483 647.
   * The clock starts when the thread starts the handler, not while the job waits, a thread boots or a module loads;
   * and it stops while the whole process stands still (SIGSTOP, a paused container, a function frozen between invocations).
   * On expiry the thread is terminated and the attempt ends with `TimeoutError`, retried like any failure.
   * For a limit that lets the handler stop by itself first, see `gracePeriod`.
   */
  timeout?: number;
  /**
   * Longest time the job's module may take to load in a thread, in milliseconds. Default 30 000. Does not count as run time.
   * On expiry the thread is terminated and the job fails with `ModuleError`, which is not retried.
   */
  loadTimeout?: number;
  /** Milliseconds between raising `context.signal` and terminating the thread, on expiry and on cancel: time to save what there is, with `context.checkpoint`. Default 0. */
  gracePeriod?: number;
  /** Executions in total, the first included. Default 4; 1 with `run` and `map`, where somebody waits and gets the error. */
  maxAttempts?: number;
  /**
   * Whether a job that failed for good is kept as a dead letter, to be read and replayed. Default `true`; `false` with
   * `run` and `map`, where somebody waits and gets the error: then it is kept like a completed one.
   */
  deadLetter?: boolean;
  /** Wait before the next attempt. Default exponential from 1 s, factor 2, at most 30 s, jitter 0.5. */
  backoff?: Backoff;
  /** Higher runs first; equal priorities run in order of arrival. Default 0. */
  priority?: number;
  /** At most this many jobs of the definition are active at once. Default no limit. */
  concurrency?: number;
  /** At most `max` starts in any window of `duration` milliseconds. Default no limit. */
  rateLimit?: { max: number; duration: number };
  /**
   * Milliseconds a job may wait from `add` to its first start, a delay included. Default no limit. Then it is dropped: cancelled, with
   * `ExpiredError`. What a job waits for a further attempt does not count.
   */
  maxWait?: number;
  /** `'at-most-once'`: one attempt, never batched, never run again after its thread died. Default `'at-least-once'`. */
  delivery?: 'at-least-once' | 'at-most-once';
  /** Groups take turns, so that none starves the others; and have limits of their own. Default none. */
  group?: GroupOptions<Parsed>;
  /** Makes JSON of inputs and outputs where they leave the process, with `threadmill/bullmq`. Default none: what is no JSON is refused there. */
  codec?: Codec;
}

/** What `setup` is given. */
export interface SetupOptions {
  /** What the queue's option `worker.data` says. */
  readonly data: any;
}

/** What jobs of a definition share in a thread. */
export interface SharedResource<Resource> {
  /**
   * Called once in each thread, before the first job of the definition there; what it returns, or resolves with, is
   * `context.resource`. Its time counts as `loadTimeout` does. When it throws, the attempt has failed; the next one calls it again.
   */
  setup?: (options: SetupOptions) => Resource;
  /** Gets the resource when the thread ends in peace: when the queue closes, or the thread is recycled or not needed. Not when it is killed. */
  teardown?: (resource: Awaited<Resource>) => unknown;
}

/** What `defineJob` takes. */
export interface DefineJobOptions<Input extends StandardSchemaV1, Result, Output extends StandardSchemaV1 | undefined, Resource>
  extends JobOptions<StandardSchemaV1.InferOutput<Input>>,
    SharedResource<Resource> {
  /** Any Standard Schema validator. Parsed once on the caller's side; its output is what the handler gets. */
  input: Input;
  /** Checked in the thread, before the result is sent back. */
  output?: Output;
  /** The handler. It runs in a thread; what it returns, or resolves with, is the job's output. */
  run: (input: StandardSchemaV1.InferOutput<Input>, context: JobContext<Awaited<Resource>>) => Result;
}

/** What a handler may return: anything that the output schema takes. */
export type HandlerResult<Output> = Output extends StandardSchemaV1
  ? StandardSchemaV1.InferInput<Output> | Promise<StandardSchemaV1.InferInput<Output>>
  : unknown;

/** A job definition: name, schema, handler and options, from `defineJob`. */
export interface JobDefinition<Input = any, Parsed = any, Output = any> {
  readonly name: string;
  /** URL of the module the threads import. */
  readonly module: string;
  readonly input: StandardSchemaV1<Input, Parsed>;
  readonly output: StandardSchemaV1<unknown, Output> | undefined;
  readonly run: (input: Parsed, context: JobContext) => unknown;
  readonly setup: ((options: SetupOptions) => unknown) | undefined;
  readonly teardown: ((resource: any) => unknown) | undefined;
  readonly timeout: number;
  readonly loadTimeout: number;
  readonly gracePeriod: number;
  /** With `add`, `addBulk` and `schedule`; see {@link awaited}. */
  readonly maxAttempts: number;
  /** With `add`, `addBulk` and `schedule`; see {@link awaited}. */
  readonly deadLetter: boolean;
  /** The same where somebody waits for the job, with `run` and `map`: what the definition says holds for both, their defaults differ. */
  readonly awaited: { readonly maxAttempts: number; readonly deadLetter: boolean };
  readonly backoff: Backoff;
  readonly priority: number;
  readonly concurrency: number;
  readonly rateLimit: { readonly max: number; readonly duration: number } | undefined;
  readonly maxWait: number | undefined;
  readonly delivery: 'at-least-once' | 'at-most-once';
  readonly group: GroupOptions | undefined;
  readonly codec: Codec | undefined;
}

/** A definition whose schema hands on what it is given: the handler's input is what `add` takes. */
export interface PlainJobDefinition<Input, Output> extends JobDefinition<Input, Input, Output> {}

/** The definition that `defineJob` makes: a plain one where schema takes and gives the same type, so that it is read only once. */
export type DefinedJob<Input, Parsed, Output> =
  // Whether two types are the same, as the compiler tells it.
  (<T>() => T extends Input ? 1 : 2) extends <T>() => T extends Parsed ? 1 : 2
    ? PlainJobDefinition<Input, Output>
    : JobDefinition<Input, Parsed, Output>;

/** What `add` takes as the input of a definition. */
export type InputOf<Definition> = Definition extends JobDefinition<infer Input, any, any> ? Input : never;
/** What a job of a definition resolves with. */
export type OutputOf<Definition> = Definition extends JobDefinition<any, any, infer Output> ? Output : never;

// One symbol for all copies of the package, so that a definition made by another copy is known too.
export const BRAND = Symbol.for('threadmill.definition');

/** Whether a value came from `defineJob`, of this or another copy of the package. */
export function isDefinition(value: unknown): value is JobDefinition {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, BRAND);
}
