import { BATCH_MS } from './batch.js';
import type { View } from './inspect.js';
import type { Execution, Work } from './runner.js';
import type { Position } from './wire/protocol.js';
import { CELL, PHASE, type SharedMemory, WITHDRAWN } from './wire/shared-memory.js';

/** Batches on their way to one thread at a time: it works on one while the other waits in its port, so it never waits for the main thread. */
const MAX_BATCHES = 2;
/** A thread with this much work, by usual run times in milliseconds, gets no more ahead. */
const AHEAD_MS = 20;
/** Positions count up to here; then the thread is left to come to rest, where they begin again. */
const MAX_POSITION = 1 << 29;

/** Jobs that can be on a thread at once, where a message has at most `maxBatch`; a power of 2. */
export function placesFor(maxBatch: number): number {
  return 2 ** Math.ceil(Math.log2(MAX_BATCHES * maxBatch));
}

/** A batch the thread has not said to be over. */
interface Sent {
  /** Position after its last job. */
  readonly end: Position;
  /** By usual run times, in milliseconds. */
  readonly cost: number;
  /** How long it took to write it, in milliseconds. */
  readonly written: number;
}

/** The running job of a thread. */
export interface Running {
  readonly work: Work;
  readonly position: Position;
  /** On the clock of all threads. */
  readonly since: number;
  /** Its module loads; else its handler runs. */
  readonly loading: boolean;
}

/** The jobs of one thread: a window over their positions, and what shared memory says of those in it. */
export class Assignments {
  readonly #shared: SharedMemory;
  readonly #mask: number;
  /** Jobs by their place; `undefined` where a job has ended or was taken back. */
  readonly #works: (Work | undefined)[];
  /** All jobs before this position have ended, or were taken back. */
  #first: Position = 0;
  #next: Position = 0;
  #batches: Sent[] = [];
  #withdrawn = false;

  constructor(shared: SharedMemory) {
    this.#shared = shared;
    this.#mask = shared.mask;
    this.#works = new Array(shared.mask + 1).fill(undefined);
  }

  // --- Jobs come to the thread

  /** Position of the next job that is sent. */
  get next(): Position {
    return this.#next;
  }

  /** Whether a busy thread may get a batch ahead of its time. */
  get takesAhead(): boolean {
    return !this.#withdrawn && this.#next < MAX_POSITION && this.#batches.length < MAX_BATCHES && this.#load < AHEAD_MS;
  }

  /** Whether a job on the thread waits for another one there. */
  get holdsBack(): boolean {
    return this.#next - this.#first > 1;
  }

  /** Whether jobs of a lower priority stand in the way of one, for longer than a batch takes. */
  delays(priority: number): boolean {
    if (this.#withdrawn || !this.holdsBack || this.#load <= BATCH_MS) return false;
    const last = this.at(this.#next - 1);
    return last !== undefined && last.priority < priority;
  }

  get #load(): number {
    let load = 0;
    for (const { cost } of this.#batches) load += cost;
    return load;
  }

  /** Whether the thread has nothing to do. */
  get isAtRest(): boolean {
    return this.#batches.length === 0;
  }

  /** Positions begin again. Only at rest: the thread looks at nothing of what this writes. */
  rewind(): void {
    this.#first = 0;
    this.#next = 0;
    this.#withdrawn = false;
    for (const cell of [CELL.CLAIMED, CELL.STOP, CELL.MUTED]) Atomics.store(this.#shared.cells, cell, 0);
  }

  /** A batch was sent: what it costs by usual run times, and how long it took to write it, in milliseconds. */
  add(works: readonly Work[], cost: number, written: number): void {
    for (const work of works) this.#works[this.#next++ & this.#mask] = work;
    this.#batches.push({ end: this.#next, cost, written });
  }

  // --- What the thread has

  /** The job at a position, as long as it is on the thread. */
  at(position: Position): Work | undefined {
    return position < this.#first || position >= this.#next ? undefined : this.#works[position & this.#mask];
  }

  /** Jobs on the thread, in their order, from a position on. */
  from(position = this.#first): Work[] {
    const works: Work[] = [];
    for (let at = Math.max(position, this.#first); at < this.#next; at++) {
      const work = this.at(at);
      if (work !== undefined) works.push(work);
    }
    return works;
  }

  /** Whether a job before a position has not ended, as far as is known here. */
  hasAnyBefore(position: Position): boolean {
    for (let at = this.#first; at < position; at++) if (this.at(at) !== undefined) return true;
    return false;
  }

  /** Position of a job; -1 when it is not on the thread. */
  positionOf(work: Work): Position {
    for (let position = this.#first; position < this.#next; position++) if (this.at(position) === work) return position;
    return -1;
  }

  /** Position of the job that was started last; -1 before the first. Past it when jobs were taken back: where no job is. */
  get started(): Position {
    return this.#positionOf(Atomics.load(this.#shared.cells, CELL.CLAIMED));
  }

  #positionOf(claimed: number): Position {
    return Math.min(claimed % WITHDRAWN, this.#next) - 1;
  }

  /** All jobs before this position have ended. */
  get endedBefore(): Position {
    const { phase, position } = this.#activity();
    return phase === PHASE.IDLE ? position + 1 : position;
  }

  /** The running job and since when it runs, or `undefined` between jobs. */
  running({ phase, position, since } = this.#activity()): Running | undefined {
    const work = this.at(position);
    const runs = phase === PHASE.RUNNING || phase === PHASE.LOADING;
    return runs && work !== undefined ? { work, position, since, loading: phase === PHASE.LOADING } : undefined;
  }

  /** What an inspection is to judge. */
  view(): View {
    // Read once: the thread goes on meanwhile.
    const activity = this.#activity();
    const written = this.#batches.reduce((sum, batch) => sum + batch.written, 0);
    return {
      ...activity,
      running: this.running(activity)?.work,
      behind: this.from(activity.position + 1),
      owesResults: this.#first < this.endedBefore,
      written,
    };
  }

  #activity(): Pick<View, 'phase' | 'position' | 'since'> {
    const { cells, since } = this.#shared;
    for (;;) {
      const phase = Atomics.load(cells, CELL.PHASE);
      const claimed = Atomics.load(cells, CELL.CLAIMED);
      const time = since[0] as number;
      const settled = phase === Atomics.load(cells, CELL.PHASE) && claimed === Atomics.load(cells, CELL.CLAIMED);
      if (settled) return { phase, position: this.#positionOf(claimed), since: time };
    }
  }

  /** The job that was started last, as long as its result has not arrived: who is to blame when nothing else is known. */
  get suspect(): Work | undefined {
    for (let position = this.started; position >= this.#first; position--) {
      const work = this.at(position);
      if (work !== undefined) return work;
    }
    return undefined;
  }

  // --- Jobs leave the thread

  /** When the job at a position was started, on the clock of all threads, and how long it ran, in milliseconds; once it has ended. */
  startedAt(position: Position): number {
    return this.#shared.startedAt[position & this.#mask] as number;
  }

  duration(position: Position): number {
    return this.#shared.duration[position & this.#mask] as number;
  }

  /** Takes the job at a position: its result has arrived. */
  take(position: Position): Work | undefined {
    const work = this.at(position);
    if (work === undefined) return undefined;
    this.#works[position & this.#mask] = undefined;
    if (position === this.#first) this.#first++;
    return work;
  }

  /** A batch is over. Gives a job of it that was started, but whose result has not arrived: it never will. */
  batchOver(): Work | undefined {
    const end = this.#batches.shift()?.end ?? this.#first;
    for (; this.#first < end; this.#first++) {
      const lost = this.at(this.#first);
      if (lost !== undefined) return lost;
    }
    return undefined;
  }

  /** Takes back the jobs that have not been started: the thread will not start them any more. */
  withdraw(): Work[] {
    if (this.#withdrawn) return [];
    this.#withdrawn = true;
    const from = Atomics.add(this.#shared.cells, CELL.CLAIMED, WITHDRAWN);
    const taken = this.from(from);
    for (let position = Math.max(from, this.#first); position < this.#next; position++) this.#works[position & this.#mask] = undefined;
    return taken;
  }

  /** Takes what is left: jobs that were started, but whose results did not arrive. All but the one started last had finished. */
  takeRest(now: number): Map<Work, Execution> {
    const last = this.started;
    const since = this.running()?.since ?? now;
    const rest = new Map<Work, Execution>();
    for (let position = this.#first; position < this.#next; position++) {
      const work = this.take(position);
      if (work === undefined) continue;
      const ended = position < last;
      const startedAt = ended ? this.startedAt(position) : since;
      const duration = ended ? this.duration(position) : Math.max(0, now - since);
      rest.set(work, { startedAt, duration, started: true });
    }
    return rest;
  }
}
