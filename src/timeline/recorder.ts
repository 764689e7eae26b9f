import type { JobQueue, Outcome, ThreadEvent } from '../index.js';
import * as internals from '../internals.js';
import { Boots } from './boots.js';
import type { TraceFile } from './trace-file.js';

/** Between two looks at how many jobs wait, in milliseconds. */
const LOOK_EVERY = 50;
/** A slice may begin this much before the end of the one before it: the clock was set, or its date is known in whole ones. In microseconds. */
const ROUNDING = 1_000;

/** Names of colours in Chrome's tracing page. Perfetto colours by the slice's name, which says the outcome too. */
const COLOURS: Record<Outcome, string> = {
  completed: 'good',
  failed: 'bad',
  'timed-out': 'terrible',
  crashed: 'terrible',
  cancelled: 'grey',
  interrupted: 'yellow',
};

/** One queue in a trace, where it stands as a process. */
export class Recorder {
  readonly #queue: JobQueue;
  readonly #trace: TraceFile;
  readonly #pid: number;
  readonly #boots = new Boots();
  /** Where the last slice of each thread ends. */
  readonly #ends = new Map<number, number>();
  readonly #timer: NodeJS.Timeout;
  readonly #stopAttempts: () => void;
  #waiting = -1;
  #stopped = false;

  /** Times count from the epoch of `start`, in milliseconds since 1970. */
  constructor(
    queue: JobQueue,
    trace: TraceFile,
    pid: number,
    name: string,
    readonly start = now(),
  ) {
    this.#queue = queue;
    this.#trace = trace;
    this.#pid = pid;
    trace.write({ name: 'process_name', ph: 'M', pid, args: { name } });
    this.#stopAttempts = internals.onAttemptEnd(queue, this.#ended);
    queue.on('thread-killed', this.#killed).on('thread-zombie', this.#zombie);
    this.#timer = internals.timers.setInterval(() => this.#look(), LOOK_EVERY).unref();
    this.#look();
  }

  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#look();
    internals.timers.clearInterval(this.#timer);
    this.#stopAttempts();
    this.#queue.off('thread-killed', this.#killed).off('thread-zombie', this.#zombie);
    this.#boots.close();
    const { dropped } = this.#trace;
    if (dropped > 0)
      this.#trace.write({ name: `${dropped} more are not in this file`, ph: 'i', s: 'g', pid: this.#pid, ts: this.#at(now()) }, true);
  }

  readonly #ended = (
    { id, name }: internals.JobRecord,
    { number, outcome, error, startedAt, waited, duration, cpuTime, threadId: tid }: internals.EndedAttempt,
  ): void => {
    const from = this.#at(startedAt);
    const to = this.#at(startedAt + duration);
    this.#seen(tid);
    const args = {
      id,
      attempt: number,
      outcome,
      ...(waited !== undefined && { wait: rounded(waited) }),
      ...(cpuTime !== undefined && { cpu: rounded(cpuTime) }),
      ...(error !== undefined && { error: internals.messageOf(error) }),
    };
    const facts = {
      name: outcome === 'completed' ? name : `${name} ${outcome}`,
      cat: 'job',
      cname: COLOURS[outcome],
      pid: this.#pid,
      tid,
      args,
    };
    // It is told late, and of those that ended with it in one thread the times are not known well.
    if (outcome === 'interrupted') return void this.#trace.write({ ...facts, ph: 'i', s: 't', ts: to });
    const ts = this.#afterLast(tid, from);
    this.#trace.write({ ...facts, ph: 'X', ts, dur: rounded(Math.max(0, to - ts)) });
    this.#ends.set(tid, Math.max(to, ts));
  };

  #afterLast(tid: number, from: number): number {
    const end = this.#ends.get(tid) ?? Number.NEGATIVE_INFINITY;
    return from < end && from > end - ROUNDING ? end : from;
  }

  readonly #killed = ({ threadId, reason, jobId }: ThreadEvent): void => this.#mark(threadId, `killed: ${reason}`, jobId);
  readonly #zombie = ({ threadId, reason, jobId }: ThreadEvent): void => this.#mark(threadId, `zombie: ${reason}`, jobId);

  #mark(tid: number, name: string, jobId: string | undefined): void {
    this.#seen(tid);
    this.#trace.write({ name, ph: 'i', s: 't', cat: 'thread', pid: this.#pid, tid, ts: this.#at(now()), args: { id: jobId } });
  }

  /** The first that is told of a thread: it gets its track, and a mark where it had booted. */
  #seen(tid: number): void {
    if (this.#ends.has(tid)) return;
    this.#ends.set(tid, Number.NEGATIVE_INFINITY);
    const of = { pid: this.#pid, tid };
    this.#trace.write({ name: 'thread_name', ph: 'M', ...of, args: { name: `thread ${tid}` } });
    this.#trace.write({ name: 'thread_sort_index', ph: 'M', ...of, args: { sort_index: tid } });
    const boot = this.#boots.of(tid);
    if (boot === undefined) return;
    const ts = this.#at(boot.online);
    this.#trace.write({ name: 'booted', ph: 'i', s: 't', cat: 'thread', ...of, ts, args: { ms: rounded(boot.online - boot.started) } });
  }

  #look(): void {
    const { waiting } = this.#queue.stats().counts;
    if (waiting !== this.#waiting) {
      const ts = this.#at(now());
      this.#trace.write({ name: 'waiting', ph: 'C', pid: this.#pid, ts, args: { jobs: waiting } });
      this.#waiting = waiting;
    }
    this.#trace.flush();
  }

  #at(time: number): number {
    return rounded((time - this.start) * 1_000);
  }
}

/** To a thousandth. */
function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

function now(): number {
  return internals.timers.timeOrigin + internals.timers.now();
}
