import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads';
import type { PostMortem } from '../errors/post-mortem.js';
import type { JobKind } from '../job/kind.js';
import { takesEffect } from '../job/verdict.js';
import type { Clock } from '../time/clock.js';
import { Assignments, placesFor } from './assignments.js';
import { Deadline } from './deadline.js';
import { Inbox } from './inbox.js';
import { Observation } from './observation.js';
import { exited } from './pool.js';
import type { Work } from './runner.js';
import { Service } from './service.js';
import type { SlotEventsOf, SlotState, SlotVerdict } from './slot-events.js';
import { Answering } from './wire/answering.js';
import { compactRun, expandedResults } from './wire/compact.js';
import { EarlyResults } from './wire/early-results.js';
import { isFromThread } from './wire/from-thread.js';
import type { Encoded, FromThread, OpenMessage, Position, Said, ToThread } from './wire/protocol.js';
import { kindMessage, runMessage } from './wire/run-message.js';
import { CELL, PHASE, SharedMemory } from './wire/shared-memory.js';

export type SlotEvents = SlotEventsOf<Slot>;
export type { SlotState, SlotVerdict };

/** Messages of a thread that are no results; what there may be is bounded on its side. */
const MAX_OTHER_MESSAGES = 256;

/** One thread as the queue sees it: its port, its shared memory, and the jobs it was given. */
export class Slot {
  state: SlotState = 'booting';
  readonly threadId: number;
  readonly deadline: Deadline;
  /** Resolves when the thread has exited. */
  readonly exited: Promise<void>;
  /** The error nobody caught that ended the thread. */
  fatal: unknown;
  /** Job that called `process.exit`, as the thread said. */
  exitedBy: { jobId: string | undefined; jobName: string | undefined } | undefined;
  isZombie = false;
  /** It gets no further batch, and is replaced when the running job is done. */
  isRetiring = false;
  /** A look into the thread that is under way. */
  inspection: Promise<PostMortem> | undefined;
  /** The module that it loads though it runs no job of it, and since when. */
  loading: { kind: JobKind; since: number } | undefined;
  /** Whether it loads its first module for the jobs that it was sent last. */
  loadsFirst = false;
  /** When the load began that people were told of, for it takes long. */
  warnedOf: number | undefined;
  /** As the operating system knows the thread, once it has opened and where that is known. */
  kernelThreadId: number | undefined;
  /** How many of the kinds that the queue uses it is known to have, in the order of {@link Warmup}. */
  warmth = 0;
  /** Whether it was asked to end by itself. */
  endsInPeace = false;
  /** While this is there, people are told later of what comes from the thread: see {@link drain}. */
  later: (() => void)[] | undefined;
  readonly jobs: Assignments;
  readonly observation: Observation;
  readonly service: Service;
  /** What its handlers say. */
  readonly inbox: Inbox;
  readonly answering: Answering;
  readonly #events: SlotEvents;
  readonly #clock: Clock;
  readonly #port: MessagePort;
  /** The thread's ends. */
  readonly #far: { readonly port: MessagePort; readonly messages: MessagePort };
  readonly #shared: SharedMemory;
  readonly #early: EarlyResults;
  /** Kinds the thread has been told of. */
  readonly #known: boolean[] = [];
  #verdict: SlotVerdict | undefined;

  /** `maxBatch`: most jobs of one message. */
  constructor(
    readonly worker: Worker,
    clock: Clock,
    maxBatch: number,
    events: SlotEvents,
  ) {
    this.threadId = worker.threadId;
    this.exited = exited(worker);
    this.#clock = clock;
    this.deadline = new Deadline(clock, (stoodStill) => {
      if (stoodStill > 0) this.observation.stoodStill(stoodStill, clock.now());
      events.deadline(this);
    });
    this.#events = events;
    this.#shared = SharedMemory.for(placesFor(maxBatch));
    this.#early = new EarlyResults(this.#shared);
    this.jobs = new Assignments(this.#shared);
    this.observation = new Observation(this.jobs);
    this.service = new Service(this.#shared, this.jobs);
    this.answering = new Answering(this.#shared.cells);
    const messages = new MessageChannel();
    const { port1, port2 } = new MessageChannel();
    this.inbox = new Inbox(messages.port1, this.#shared.cells, (message) => this.#handle(message));
    this.#port = port1;
    this.#far = { port: port2, messages: messages.port2 };
    port1.on('message', (message: unknown) => this.#receive(message));
    port1.on('messageerror', (error) => events.unreadable(this, error));
    port1.unref();
  }

  openMessage(facts: Omit<OpenMessage, 'port' | 'messages' | 'shared' | 'preload'>, preload: readonly JobKind[]): OpenMessage {
    for (const kind of preload) this.#known[kind.index] = true;
    return { ...this.#far, shared: this.#shared.buffer, ...facts, preload: preload.map(kindMessage) };
  }

  // --- The thread is told
  /** Whether a busy thread may get a batch ahead of its time. */
  get takesAhead(): boolean {
    return !this.isRetiring && this.#verdict === undefined && this.jobs.takesAhead;
  }

  /** Sends a batch; `cost` by usual run times in milliseconds. Throws what `postMessage` throws; then nothing was sent. */
  send(works: readonly Work[], cost: number): void {
    if (this.jobs.isAtRest) {
      this.service.rewind();
      this.jobs.rewind();
      this.observation.rewind();
    }
    this.loadsFirst = this.#known.length === 0;
    const message = runMessage(this.jobs.next, works, this.#known);
    const before = this.#clock.now();
    try {
      this.#port.postMessage(compactRun(message), works[0]?.transfer as ArrayBuffer[] | undefined);
    } catch (error) {
      for (const { index } of message.kinds ?? []) this.#known[index] = false;
      throw error;
    }
    this.jobs.add(works, cost, this.#clock.now() - before);
  }

  knows(kind: JobKind): boolean {
    return this.#known[kind.index] === true;
  }

  /** It loads a module, and says when it has. */
  load(kind: JobKind): void {
    this.#known[kind.index] = true;
    this.#port.postMessage({ type: 'load', kind: kindMessage(kind) } satisfies ToThread);
  }

  /** Tells the running job to stop: at once through shared memory, and by a message that carries the reason. */
  stop(position: Position, reason: Encoded): void {
    this.#port.postMessage({ type: 'stop', position, reason } satisfies ToThread);
    Atomics.store(this.#shared.cells, CELL.STOP, position + 1);
  }

  /** From now on the running job says nothing more: its thread will be terminated. */
  mute(): void {
    Atomics.store(this.#shared.cells, CELL.MUTED, this.jobs.started + 1);
  }

  // --- What the thread does and says

  /** One of {@link PHASE}; the thread may not have said so yet. */
  get phase(): number {
    return Atomics.load(this.#shared.cells, CELL.PHASE);
  }

  /**
   * Takes what the thread has sent and its handlers have said so far, now, and gives what people are to be told of it when the
   * change that this is a part of is whole. It must not start jobs meanwhile: so what there is has an end.
   */
  drain(): (() => void)[] {
    const { later } = this;
    const told: (() => void)[] = [];
    this.later = told;
    for (let left = this.#shared.mask + 1 + MAX_OTHER_MESSAGES; left > 0; left--) {
      let entry: { message: unknown } | undefined;
      try {
        entry = receiveMessageOnPort(this.#port);
      } catch {
        // It cannot be read; whose results it had will be seen.
        continue;
      }
      // A message may have left since the port was found empty: results come in order.
      if (entry === undefined && this.takeEarly()) break;
      if (entry !== undefined) this.#receive(entry.message);
    }
    this.inbox.readLast(this.jobs.running()?.position);
    this.later = later;
    return told;
  }

  /** Handles the results of jobs that have ended, but whose message has not left the thread; not before those of earlier jobs. */
  takeEarly(): boolean {
    const message = this.#early.before(this.jobs.endedBefore);
    if (message === undefined) return true;
    if (this.jobs.hasAnyBefore(message.first)) return false;
    this.#handle(message);
    return true;
  }

  #receive(message: unknown): void {
    const expanded = expandedResults(message);
    if (isFromThread(expanded)) this.#handle(expanded);
  }

  /** The one entry of all that a thread says: whatever it is, it does no harm beyond this thread. */
  #handle(message: FromThread | Said): void {
    try {
      // What jobs have said comes before their results.
      if (message.type === 'results') this.inbox.read(Number.POSITIVE_INFINITY);
      if (message.type === 'mailbox') this.inbox.use(message.of, message.memory);
      else this.#events.message(this, message);
    } catch (error) {
      this.#events.unreadable(this, error);
    }
  }

  // --- It ends

  get verdict(): SlotVerdict | undefined {
    return this.#verdict;
  }

  /** A job of the thread shall end. Whether for this reason: see {@link takesEffect}; and not while another shall. */
  condemn(verdict: SlotVerdict): boolean {
    if (!takesEffect(verdict, this.#verdict) || (this.#verdict ?? verdict).work !== verdict.work) return false;
    this.#verdict = verdict;
    return true;
  }

  /** The condemned job has ended by itself. */
  acquit(): void {
    this.#verdict = undefined;
  }

  /** Asks the thread to end by itself. */
  end(): void {
    this.endsInPeace = true;
    this.#port.postMessage({ type: 'end' } satisfies ToThread);
  }

  /** Terminates the thread, when nobody looks into it: meanwhile it could crash the process, or be lost. */
  terminate(): void {
    if (this.inspection === undefined) void this.worker.terminate();
    else void this.inspection.then(() => this.terminate());
  }

  close(): void {
    this.#port.close();
    this.inbox.close();
  }
}
