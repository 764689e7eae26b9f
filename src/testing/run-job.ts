import { type AddOptions, CancelledError, type JobDefinition, OptionsError } from '../index.js';
import * as internals from '../internals.js';
import { type AttemptHost, type Ending, LocalAttempt } from './attempt.js';
import { type TestClock, VirtualClock } from './clock.js';

/** Options of {@link runJob}. */
export interface RunJobOptions {
  /** Number of the attempt, from 1. Default 1. */
  attempt?: number;
  /** Executions allowed in total. Default the definition's, as with `add`: what `attempt` says may be one of several. */
  maxAttempts?: number;
  /** What the handler finds as `context.lastCheckpoint`. Default `undefined`. */
  lastCheckpoint?: unknown;
  /** What the handler finds as `context.metadata`. Default `undefined`. */
  metadata?: unknown;
  /** What the handler finds as `context.id`. Default `'job'`. */
  id?: string;
  /** Overrides the definition's time limit, in milliseconds. */
  timeout?: number;
  /** Cancels the attempt when aborted. */
  signal?: AbortSignal;
  /** A clock from `createTestClock`, for the time limit and the grace period. Default the real time. */
  clock?: TestClock;
}

/** How an attempt went. */
export type JobRun<Output> = {
  /** Milliseconds on its clock. */
  duration: number;
  /** What the handler gave to `context.progress`, in order. */
  progress: unknown[];
  /** What the handler gave to `context.checkpoint`, in order. */
  checkpoints: unknown[];
  /** What the handler logged, in order. */
  logs: { level: 'trace' | 'debug' | 'info' | 'warn' | 'error'; args: unknown[] }[];
} & (
  | { outcome: 'completed'; output: Output; error?: undefined }
  | { outcome: 'failed' | 'timed-out' | 'cancelled'; output?: undefined; error: unknown }
);

/**
 * Runs one attempt of a handler in this thread, without a queue: its input validated, and all that would cross to a
 * thread cloned. Resolves with how it went, also when it failed. Rejects as `JobQueue.add` does, with `InputError`,
 * `NotCloneableError`, `OptionsError` and, where `signal` is aborted already, `CancelledError`; and with what its `teardown` throws.
 */
export async function runJob<Input, Parsed, Output>(
  definition: JobDefinition<Input, Parsed, Output>,
  input: Input,
  options: RunJobOptions = {},
): Promise<JobRun<Output>> {
  if (!internals.isDefinition(definition)) throw new OptionsError('runJob: expected a definition from defineJob');
  const { signal, clock = internals.realClock } = options;
  if (clock !== internals.realClock && !(clock instanceof VirtualClock)) {
    throw new OptionsError('runJob: option "clock": expected a clock from createTestClock, or of a queue in mode "manual" or "inline"');
  }
  const work = await workOf(definition, input, options);
  if (signal?.aborted)
    throw new CancelledError(`${definition.name} was cancelled before it was started`, signal.reason, { jobName: work.name });
  const said: internals.HandlerMessage[] = [];
  const { outcome, output, error, duration } = await endOf(work, clock as internals.Clock, said, signal);
  internals.attachJob(error, { jobId: work.id, jobName: work.name, attempt: work.attempt });
  const valuesOf = (type: 'progress' | 'checkpoint') => said.flatMap((message) => (message.type === type ? [message.value] : []));
  const logs = said.flatMap((message) => (message.type === 'log' ? [{ level: message.level, args: message.args }] : []));
  const told = { duration, progress: valuesOf('progress'), checkpoints: valuesOf('checkpoint'), logs };
  return { ...(outcome === 'completed' ? { outcome, output } : { outcome, error }), ...told } as JobRun<Output>;
}

async function workOf(definition: JobDefinition, input: unknown, options: RunJobOptions): Promise<internals.Work & { name: string }> {
  const { attempt = 1, maxAttempts, lastCheckpoint, metadata, id = 'job', timeout = definition.timeout } = options;
  const addOptions: AddOptions = {
    timeout,
    ...(maxAttempts !== undefined && { maxAttempts }),
    ...(metadata !== undefined && { metadata }),
  };
  const checked = internals.checkAddOptions(definition, addOptions, false);
  if (!Number.isInteger(attempt) || attempt < 1)
    throw new OptionsError(`runJob: option "attempt": expected an integer from 1, given ${attempt}`);
  const payload = internals.payloadOf(definition, await internals.validate(definition.input, input), 'input', Number.POSITIVE_INFINITY);
  return {
    id,
    key: id,
    name: definition.name,
    attempt,
    timeout,
    priority: 0,
    order: 0,
    kind: { definition, index: 0, usualRunTime: undefined },
    input: payload,
    maxAttempts: maxAttempts ?? definition.maxAttempts,
    checkpoint: lastCheckpoint === undefined ? undefined : internals.pack(lastCheckpoint, 'lastCheckpoint').value,
    metadata: checked?.metadata,
    transfer: undefined,
  };
}

async function endOf(
  work: internals.Work,
  clock: internals.Clock,
  said: internals.HandlerMessage[],
  signal: AbortSignal | undefined,
): Promise<Ending> {
  // Timers of the queue's clock keep no process alive; who waits for an attempt does.
  const keepAlive = new internals.KeepAlive({ passes: true });
  const run = new OneRun(clock, said);
  const attempt = new LocalAttempt(work, run);
  const abort = () => attempt.cancel(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  keepAlive.hold();
  try {
    return await ran(attempt, run);
  } finally {
    keepAlive.release();
    signal?.removeEventListener('abort', abort);
  }
}

/** Rejects with what a `teardown` throws. */
async function ran(attempt: LocalAttempt, run: OneRun): Promise<Ending> {
  try {
    if (attempt.send()) attempt.run(undefined);
    return await run.ending;
  } finally {
    await run.resources.end((_definition, error) => {
      throw error;
    });
  }
}

/** What {@link runJob} has instead of a queue. */
class OneRun implements AttemptHost {
  readonly idPrefix = '';
  readonly resources = new internals.Resources(undefined);
  readonly listened = internals.listenedBy(undefined);
  readonly ending: Promise<Ending>;
  readonly #said: internals.HandlerMessage[];
  #resolve!: (ending: Ending) => void;

  constructor(
    readonly clock: internals.Clock,
    said: internals.HandlerMessage[],
  ) {
    this.#said = said;
    this.ending = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  said(_work: internals.Work, message: internals.HandlerMessage): void {
    this.#said.push(message);
  }

  ended(_work: internals.Work, ending: Ending): void {
    this.#resolve(ending);
  }
}
