import {
  type Attributes,
  type BatchObservableCallback,
  type BatchObservableResult,
  type Histogram,
  type Meter,
  type Observable,
  ROOT_CONTEXT,
} from '@opentelemetry/api';
import type { JobQueue, QueueStats } from '../index.js';
import type * as internals from '../internals.js';
import { errorTypeOf, OTHER, SYSTEM } from './conventions.js';

/** Of run and waiting times, in seconds: from a job that is hardly worth a thread to the default time limit. */
const BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Most different kinds of failure of one definition; more are counted as one. */
const MAX_TYPES = 50;

/** The names of a queue's metrics, their units, and what they are. */
const METRIC = {
  PROCESS: { name: 'messaging.process.duration', unit: 's', description: 'Run time of attempts.' },
  WAIT: { name: 'threadmill.job.wait.duration', unit: 's', description: 'Time from ready to run to started, of attempts.' },
  JOBS: {
    name: 'threadmill.jobs',
    unit: '{job}',
    description: 'Jobs by state; completed, failed and cancelled ones as far as they are kept.',
  },
  EVENTS: { name: 'threadmill.job.events', unit: '{event}', description: 'What happened to jobs since the queue was made.' },
  OLDEST: { name: 'threadmill.job.oldest_waiting', unit: 's', description: 'How long the job that waits longest has waited.' },
  THREADS: { name: 'threadmill.threads', unit: '{thread}', description: 'Threads by what they do.' },
  KILLS: { name: 'threadmill.thread.kills', unit: '{thread}', description: 'Threads that the queue has terminated.' },
  UTILIZATION: { name: 'threadmill.thread.utilization', unit: '1', description: 'Share of thread time at work in the last minute.' },
} as const;

/** The metrics of a queue. Counters and gauges are read from `stats()` when somebody collects: jobs do not pay for them. */
export class Metrics implements Disposable {
  readonly #queue: JobQueue;
  readonly #base: Attributes;
  readonly #run: Histogram;
  readonly #wait: Histogram;
  /** By definition and kind of failure, for the histograms. */
  readonly #attributes = new Map<string, Map<string | undefined, Attributes>>();
  readonly #waitAttributes = new Map<string, Attributes>();
  readonly #stop: () => void;

  constructor(meter: Meter, queue: JobQueue) {
    this.#queue = queue;
    this.#base = { 'messaging.system': SYSTEM, 'messaging.destination.name': queue.name };
    const advice = { explicitBucketBoundaries: BUCKETS };
    this.#run = meter.createHistogram(METRIC.PROCESS.name, { ...METRIC.PROCESS, advice });
    this.#wait = meter.createHistogram(METRIC.WAIT.name, { ...METRIC.WAIT, advice });
    this.#stop = this.#observe(meter);
  }

  ended({ name }: internals.JobRecord, attempt: internals.EndedAttempt): void {
    this.#run.record(attempt.duration / 1_000, this.#attributesOf(name, errorTypeOf(attempt)), ROOT_CONTEXT);
    if (attempt.waited !== undefined) this.#wait.record(attempt.waited / 1_000, this.#waitAttributesOf(name), ROOT_CONTEXT);
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  /** One object for all attempts that are alike. */
  #attributesOf(name: string, errorType: string | undefined): Attributes {
    const known = this.#attributes.get(name) ?? new Map<string | undefined, Attributes>();
    this.#attributes.set(name, known);
    const type = errorType !== undefined && known.size >= MAX_TYPES && !known.has(errorType) ? OTHER : errorType;
    let attributes = known.get(type);
    if (attributes === undefined) {
      const failure = type === undefined ? {} : { 'error.type': type };
      attributes = { ...this.#base, 'messaging.operation.name': 'process', 'threadmill.job.name': name, ...failure };
      known.set(type, attributes);
    }
    return attributes;
  }

  /** Few: the SDK makes a text of all of them for every attempt. */
  #waitAttributesOf(name: string): Attributes {
    let attributes = this.#waitAttributes.get(name);
    if (attributes === undefined) {
      attributes = { 'messaging.destination.name': this.#queue.name, 'threadmill.job.name': name };
      this.#waitAttributes.set(name, attributes);
    }
    return attributes;
  }

  #observe(meter: Meter): () => void {
    const { JOBS, EVENTS, OLDEST, THREADS, KILLS, UTILIZATION } = METRIC;
    const observables = {
      jobs: meter.createObservableUpDownCounter(JOBS.name, JOBS),
      events: meter.createObservableCounter(EVENTS.name, EVENTS),
      oldest: meter.createObservableGauge(OLDEST.name, OLDEST),
      threads: meter.createObservableUpDownCounter(THREADS.name, THREADS),
      kills: meter.createObservableCounter(KILLS.name, KILLS),
      utilization: meter.createObservableGauge(UTILIZATION.name, UTILIZATION),
    };
    const all = Object.values(observables);
    const collect: BatchObservableCallback = (result) => this.#collect(result, observables, this.#queue.stats());
    meter.addBatchObservableCallback(collect, all);
    return () => meter.removeBatchObservableCallback(collect, all);
  }

  #collect(result: BatchObservableResult, { jobs, events, ...observables }: Observables, { threads, ...stats }: QueueStats): void {
    const base = this.#base;
    for (const [name, { counts, totals }] of Object.entries(stats.byName)) {
      const ofJob = { ...base, 'threadmill.job.name': name };
      for (const [state, count] of Object.entries(counts)) result.observe(jobs, count, { ...ofJob, 'threadmill.job.state': state });
      for (const [event, total] of Object.entries(totals))
        result.observe(events, total, { ...ofJob, 'threadmill.job.event': snakeCase(event) });
    }
    const idle = threads.size - threads.busy - threads.starting;
    const states = { busy: threads.busy, idle, starting: threads.starting, zombie: threads.zombies };
    for (const [state, count] of Object.entries(states))
      result.observe(observables.threads, count, { ...base, 'threadmill.thread.state': state });
    result.observe(observables.kills, threads.killed, base);
    result.observe(observables.oldest, stats.oldestWaiting / 1_000, base);
    result.observe(observables.utilization, threads.utilization, base);
  }
}

type Observables = Record<'jobs' | 'events' | 'oldest' | 'threads' | 'kills' | 'utilization', Observable>;

/** As values of attributes are written: `timedOut` is `timed_out`. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
