import { inspect } from 'node:util';
import type { JobDefinition, Outcome } from '../index.js';
import * as internals from '../internals.js';
import { type Fault, outOfMemory } from './faults.js';

const { CELL, CELLS, HandlerContext, invoke, movedOf, pack, packOutput, takesEffect } = internals;

type Ruling = internals.Verdict & { readonly outcome: 'timed-out' | 'cancelled' };

export interface Ending {
  readonly outcome: Outcome;
  readonly output: unknown;
  readonly error: unknown;
  readonly startedAt: number;
  readonly duration: number;
  /** Whether the handler was started, or a fault took its place. */
  readonly started: boolean;
  /** Why its thread would have been terminated. */
  readonly killed: internals.KillReason | undefined;
}

/** Who runs attempts in this thread. */
export interface AttemptHost {
  readonly clock: internals.Clock;
  readonly idPrefix: string;
  readonly resources: internals.Resources;
  /** Log levels that somebody listens to. */
  readonly listened: internals.Listened;
  said(work: internals.Work, message: internals.HandlerMessage): void;
  /** Called once, unless the attempt is abandoned. */
  ended(work: internals.Work, ending: Ending): void;
}

/**
 * One attempt of a job in this thread, with everything cloned that would cross to another. What its time limit or a
 * cancel ends cannot be stopped here: it goes on, but nobody hears of it.
 */
export class LocalAttempt implements internals.Invoker, internals.HandlerLink, internals.JobMessages {
  startedAt: number;
  readonly idPrefix: string;
  readonly listened: internals.Listened;
  /** As a thread has it; only the stop flag is used. */
  readonly cells = new Int32Array(CELLS);
  #state: 'new' | 'running' | 'over' = 'new';
  readonly #work: internals.Work;
  readonly #host: AttemptHost;
  #input: unknown;
  #context: internals.HandlerContext | undefined;
  #verdict: Ruling | undefined;
  readonly #timers: internals.Timer[] = [];

  constructor(work: internals.Work, host: AttemptHost) {
    this.#work = work;
    this.#host = host;
    this.idPrefix = host.idPrefix;
    this.listened = host.listened;
    this.startedAt = host.clock.now();
  }

  /** Clones what is sent. Whether that was possible; if not, the attempt has ended. */
  send(): boolean {
    const { key, kind, attempt, maxAttempts, input, metadata, transfer, checkpoint } = this.#work;
    try {
      const sent = structuredClone([input, metadata, checkpoint], { transfer: [...(transfer ?? [])] });
      this.#input = sent[0];
      this.#context = new HandlerContext(this, 0, key, kind.definition.name, attempt, maxAttempts, sent[1], sent[2]);
      return true;
    } catch (error) {
      this.#end('failed', { error: internals.notSent(this.#work, error) });
      return false;
    }
  }

  /** Runs the handler, or the fault in its place. */
  run(fault: Fault | undefined): void {
    if (this.#state !== 'new') return;
    this.#state = 'running';
    const { clock } = this.#host;
    this.startedAt = clock.now();
    if (fault !== undefined) return this.#inject(fault);
    const { definition } = this.#work.kind;
    const { timeout } = this.#work;
    this.#timers.push(clock.setTimeout(() => this.#timeOut(), timeout));
    if (definition.setup === undefined) this.#invoke(definition);
    else void this.#setUp(definition);
  }

  async #setUp(definition: JobDefinition): Promise<void> {
    const context = this.#context as internals.HandlerContext;
    try {
      context.resource = await this.#host.resources.of(definition);
    } catch (error) {
      return this.failed(context, error);
    }
    if (this.#state === 'running') this.#invoke(definition);
  }

  #invoke(definition: JobDefinition): void {
    void invoke(definition, this.#input, this.#context as internals.HandlerContext, this);
  }

  cancel(reason: unknown): void {
    this.#stop({ outcome: 'cancelled', error: internals.cancelled(this.#work, reason) });
  }

  /** Nobody waits for it any more. Gives how it was judged, if it was. */
  abandon(): Ruling | undefined {
    this.#silence();
    return this.#verdict;
  }

  #timeOut(): void {
    const ranFor = this.#host.clock.now() - this.startedAt;
    this.#stop({ outcome: 'timed-out', error: internals.timeoutError(this.#work, ranFor) });
  }

  /** At once, or when the grace period is over. */
  #stop(verdict: Ruling): void {
    if (this.#state === 'over') return;
    if (this.#state === 'new') return this.#end(verdict.outcome, verdict);
    if (!takesEffect(verdict, this.#verdict)) return;
    this.#verdict = verdict;
    const { gracePeriod } = this.#work.kind.definition;
    if (gracePeriod === 0) return this.#kill(verdict);
    // The first job of a batch of one.
    Atomics.store(this.cells, CELL.STOP, 1);
    this.#context?.abort(crossed(verdict.error));
    this.#timers.push(
      this.#host.clock.setTimeout(() => {
        if (this.#verdict === verdict) this.#kill(verdict);
      }, gracePeriod),
    );
  }

  #kill({ outcome, error }: Ruling): void {
    this.#end(outcome, { error, killed: outcome });
  }

  #inject(fault: Fault): void {
    const work = this.#work;
    if (fault instanceof Error) this.#finish('failed', { error: crossed(fault) });
    else if (fault === 'timeout') {
      const error = internals.timeoutError(work, work.timeout);
      this.#end('timed-out', { error, duration: work.timeout, killed: 'timed-out' });
    } else {
      const error = internals.crashError(work, { fatal: fault === 'crash' ? undefined : outOfMemory() }, 1);
      this.#end('crashed', { error, killed: 'crashed' });
    }
  }

  call(run: JobDefinition['run'], input: unknown, context: internals.HandlerContext): unknown {
    return run(input, context);
  }

  awaits(): void {}

  completed(_context: internals.HandlerContext, result: unknown): void {
    if (this.#state === 'over') return;
    this.#finish('completed', { output: returned(result) });
  }

  failed(_context: internals.HandlerContext, error: unknown): void {
    if (this.#state !== 'over') this.#finish('failed', { error: crossed(error) });
  }

  /** The handler has settled. One that was told to stop has ended as it was judged. */
  #finish(outcome: 'completed' | 'failed', result: { output?: unknown; error?: unknown }): void {
    const verdict = this.#verdict;
    if (verdict === undefined) this.#end(outcome, result);
    else this.#end(verdict.outcome, { error: verdict.error });
  }

  #end(outcome: Outcome, { output, error, duration, killed }: Partial<Ending>): void {
    const started = this.#state === 'running';
    this.#silence();
    const ran = duration ?? this.#host.clock.now() - this.startedAt;
    this.#host.ended(this.#work, { outcome, output, error, startedAt: this.startedAt, duration: ran, started, killed });
  }

  #silence(): void {
    this.#state = 'over';
    if (this.#context !== undefined) this.#context.ended = true;
    for (const timer of this.#timers) this.#host.clock.clearTimeout(timer);
  }

  // --- As a thread hears a handler

  /** Nothing else comes. */
  receiveNext(): boolean {
    return false;
  }

  messagesOf(): internals.JobMessages {
    return this;
  }

  progress(value: unknown): void {
    this.#say({ type: 'progress', position: 0, value: pack(value, 'progress').value });
  }

  checkpoint(state: unknown): void {
    this.#say({ type: 'checkpoint', position: 0, value: pack(state, 'checkpoint').value });
  }

  log(level: internals.LogLevel, args: unknown[]): void {
    try {
      this.#say({ type: 'log', position: 0, level, args });
    } catch {
      this.#say({ type: 'log', position: 0, level, args: args.map((arg) => (typeof arg === 'string' ? arg : inspect(arg))) });
    }
  }

  end(): void {}

  /** Cloned as if it crossed. */
  #say(message: internals.HandlerMessage): void {
    this.#host.said(this.#work, structuredClone(message));
  }
}

/** What was thrown, as the other side of a thread gets it. */
function crossed<Thrown>(thrown: Thrown): Thrown {
  return internals.decodeThrown(structuredClone(internals.encodeThrown(thrown))) as Thrown;
}

/** A result, as the other side gets it. Throws `NotCloneableError`. */
function returned(result: unknown): unknown {
  const moved = movedOf(result);
  const { value } = packOutput(result, moved);
  try {
    return structuredClone(value, { transfer: [...(moved?.buffers ?? [])] });
  } catch {
    // As a thread does: what cannot be moved is copied.
  }
  try {
    return structuredClone(value);
  } catch (error) {
    throw internals.notReturned(error);
  }
}
