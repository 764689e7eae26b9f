import { AsyncLocalStorage } from 'node:async_hooks';
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Carrier } from '../../job/carrier.js';
import type { JobDefinition } from '../../job/definition.js';
import { Answering } from '../wire/answering.js';
import { unpacked } from '../wire/columns.js';
import { expandedRun } from '../wire/compact.js';
import { decodeThrown, encodeThrown } from '../wire/error-codec.js';
import { kernelThreadId } from '../wire/kernel-thread.js';
import type { Listened } from '../wire/log-levels.js';
import {
  type FromThread,
  type KindMessage,
  type LoadMessage,
  type OpenMessage,
  type Position,
  RESULT,
  type RunMessage,
  type ToThread,
} from '../wire/protocol.js';
import { keyAt, kindAt, maxAttemptsAt } from '../wire/run-message.js';
import { CELL, PHASE, SharedMemory } from '../wire/shared-memory.js';
import { HandlerContext, type HandlerLink } from './handler-context.js';
import { InTurn } from './in-turn.js';
import { type Invoker, invoke } from './invoke.js';
import { type JobMessages, Messenger } from './job-messages.js';
import { Meter } from './meter.js';
import { type Loaded, Modules } from './modules.js';
import { Outbox } from './outbox.js';
import { packOutput } from './output.js';
import type { Owner } from './owner.js';
import { Printer, takeOutput } from './printing.js';
import { installProbe } from './probe.js';
import type { Charge } from './resources.js';
import { afterOutput } from './standard-output.js';
import { Status } from './status.js';
import { inTrace } from './tracing.js';
import { movedOf } from './transfer.js';

// Taken now: handlers may change the globals.
const { add } = Atomics;
const { exit } = process;

const MAX_LATE_ERRORS = 16;

/**
 * What runs in a job thread: batches come and results go through a port of our own, and the shared memory says what is
 * running since when.
 */
export class JobThread implements Invoker, HandlerLink {
  readonly idPrefix: string;
  readonly cells: Int32Array;
  readonly listened: Listened;
  readonly #port: MessagePort;
  readonly #shared: SharedMemory;
  /** Who left the error nobody caught: everything a handler starts carries its context along. */
  readonly #owner = new AsyncLocalStorage<Owner>();
  /** Batches, and modules to load. */
  readonly #inTurn = new InTurn<RunMessage | LoadMessage>((message) => this.#do(message));
  /** Of the batch: the place of the job after the one that was started last. */
  #next = 0;
  /** Of the job that starts now: what its trace is found by. */
  #carrier: Carrier | undefined;
  #current: HandlerContext | undefined;
  #last: HandlerContext | undefined;
  readonly #status: Status;
  readonly #messenger: Messenger;
  readonly #modules: Modules;
  readonly #outbox: Outbox;
  readonly #meter: Meter;
  /** Errors told that were left by jobs that had ended: after the first this thread is replaced, so it need not tell of many. */
  #lateErrors = 0;
  /** An error nobody caught came from the running job: its state is unknown, no further job may start here. */
  #broken = false;

  constructor({ port, messages, shared, idPrefix, measuresHeap, data, listened, printing }: OpenMessage) {
    this.#port = port;
    this.#shared = new SharedMemory(shared);
    this.#meter = new Meter(this.#shared, measuresHeap);
    this.#status = new Status(this.#shared);
    this.idPrefix = idPrefix;
    this.cells = this.#shared.cells;
    installProbe(new Answering(this.cells));
    this.listened = listened;
    this.#messenger = new Messenger(port, messages, this.cells);
    const charge: Charge = (name, make) => this.#owner.run({ id: undefined, name }, make);
    this.#modules = new Modules(this.#status, charge, data, () => this.#send({ type: 'loaded' }));
    this.#outbox = new Outbox(port, this.#shared, this.#status);
    takeOutput(printing, new Printer(listened, this.#messenger, () => this.#owner.getStore() ?? this.#current));
    process.on('uncaughtException', (error) => this.#uncaught(error));
    process.on('exit', () => this.#exiting());
    port.on('message', (message: ToThread) => this.#receive(expandedRun(message)));
  }

  async open(preload: KindMessage[]): Promise<void> {
    const failures = await this.#modules.preload(preload, (kind) => this.#send({ type: 'loading', kind }));
    this.#send({ type: 'open', failures, kernelThreadId: kernelThreadId() });
  }

  #receive(message: ToThread): void {
    if (message.type === 'stop') {
      if (this.#current?.position === message.position) this.#current.abort(decodeThrown(message.reason));
      return;
    }
    // In peace: what was set up is torn down, exit handlers run, and what was printed arrives.
    if (message.type === 'end') return void this.#modules.end((told) => this.#send(told)).then(() => afterOutput(exit));
    this.#inTurn.add(message);
  }

  receiveNext(): boolean {
    const entry = receiveMessageOnPort(this.#port);
    if (entry !== undefined) this.#receive(expandedRun(entry.message as ToThread));
    return entry !== undefined;
  }

  messagesOf(position: Position): JobMessages {
    return this.#messenger.of(position);
  }

  #do(message: RunMessage | LoadMessage): Promise<void> | undefined {
    if (this.#broken) return undefined;
    return message.type === 'run' ? this.#runBatch(message) : this.#modules.warm(message.kind);
  }

  #runBatch(batch: RunMessage): Promise<void> | undefined {
    for (const kind of batch.kinds ?? []) this.#modules.add(kind);
    const inputs = unpacked(batch.inputs);
    this.#outbox.begin(batch.first, batch.first + inputs.length);
    const pending = this.#runFrom(0, batch, inputs);
    return pending && this.#runRest(pending, batch, inputs);
  }

  /** Runs jobs until one has to be awaited. */
  #runFrom(from: number, batch: RunMessage, inputs: readonly unknown[]): Promise<void> | undefined {
    const end = batch.first + inputs.length;
    for (let index = from; batch.first + index < end && !this.#broken; index++) {
      this.#outbox.beforeStart(batch.first + index);
      // More than its position: the jobs from here on have been taken back.
      if (add(this.#shared.cells, CELL.CLAIMED, 1) >= end) break;
      this.#next = index + 1;
      const loaded = this.#modules.at(kindAt(batch, index));
      const pending = loaded ? this.#run(loaded, batch, inputs[index], index) : this.#loadAndRun(batch, inputs[index], index);
      if (pending !== undefined) return pending;
    }
    this.#meter.batchOver();
    if (!this.#broken) this.#outbox.end();
    return undefined;
  }

  async #runRest(pending: Promise<void>, batch: RunMessage, inputs: readonly unknown[]): Promise<void> {
    for (let first: Promise<void> | undefined = pending; first !== undefined; first = this.#runFrom(this.#next, batch, inputs)) {
      await first;
      // Something else may have run in between.
      this.#status.tick();
    }
  }

  async #loadAndRun(batch: RunMessage, input: unknown, index: number): Promise<void> {
    // Results need not wait for a module.
    this.#outbox.send();
    await this.#run(await this.#modules.prepare(kindAt(batch, index)), batch, input, index);
  }

  /** Starts one job; gives a promise when it has to be awaited. */
  #run(loaded: Loaded, batch: RunMessage, input: unknown, index: number): Promise<void> | undefined {
    const position = batch.first + index;
    this.#meter.start(position, loaded, this.#status.now);
    this.#status.enter(PHASE.RUNNING);
    if (loaded.error !== undefined) return void this.#finish(position, RESULT.FAILED, loaded.error);
    const extras = batch.extras?.[index];
    const context = new HandlerContext(
      this,
      position,
      keyAt(batch, index),
      loaded.definition.name,
      extras?.attempt ?? 1,
      maxAttemptsAt(batch, index) ?? this.#modules.kind(kindAt(batch, index)).maxAttempts,
      extras?.metadata,
      extras?.lastCheckpoint,
    );
    context.resource = loaded.resource;
    this.#current = context;
    this.#carrier = batch.carriers?.[index];
    return invoke(loaded.definition, input, context, this);
  }

  call(run: JobDefinition['run'], input: unknown, context: HandlerContext): unknown {
    const carrier = this.#carrier;
    if (carrier === undefined) return this.#owner.run(context, run, input, context);
    return inTrace(carrier, () => this.#owner.run(context, run, input, context));
  }

  awaits(): void {
    this.#outbox.whileWaiting();
  }

  completed(context: HandlerContext, output: unknown): void {
    if (context.ended) return;
    const moved = movedOf(output);
    const { value, bytes } = packOutput(output, moved);
    if (moved !== undefined) this.#outbox.move(moved.buffers);
    this.#close(context, false);
    this.#finish(context.position, RESULT.COMPLETED, value, bytes);
  }

  failed(context: HandlerContext, error: unknown): void {
    if (context.ended) return;
    this.#close(context, true);
    this.#finish(context.position, RESULT.FAILED, encodeThrown(error));
  }

  #close(context: HandlerContext, failed: boolean): void {
    context.end(failed);
    this.#last = context;
    this.#current = undefined;
  }

  #finish(position: Position, result: number, value: unknown, bytes = 0): void {
    this.#meter.end(position, this.#status.tick());
    const leaves = this.#outbox.add(position, result, value, bytes);
    this.#status.leave();
    if (leaves) this.#outbox.send();
  }

  /** Nobody caught it. By the running job: it has crashed. Of one that had ended it is told, and the queue replaces this thread after the running job. */
  #uncaught(thrown: unknown): void {
    const error = encodeThrown(thrown);
    const owner = this.#owner.getStore() ?? this.#current ?? this.#last;
    const current = this.#current;
    if (current !== undefined && owner === current) {
      this.#broken = true;
      this.#close(current, true);
      this.#finish(current.position, RESULT.CRASHED, error);
      // Not the last word: the batch is not over, this thread is.
      this.#outbox.send();
    } else if (++this.#lateErrors <= MAX_LATE_ERRORS) this.#send({ type: 'late-error', jobId: owner?.id, jobName: owner?.name, error });
  }

  #exiting(): void {
    const owner = this.#owner.getStore() ?? this.#current ?? this.#last;
    this.#outbox.send();
    this.#send({ type: 'exit', jobId: owner?.id, jobName: owner?.name });
  }

  #send(message: FromThread): void {
    this.#port.postMessage(message);
  }
}
