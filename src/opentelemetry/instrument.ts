import { readFileSync } from 'node:fs';
import { metrics as globalMetrics, type MeterProvider, type TracerProvider, trace } from '@opentelemetry/api';
import type { JobQueue } from '../index.js';
import * as internals from '../internals.js';
import { Metrics } from './metrics.js';
import { isRegistered } from './registered.js';
import { Spans } from './spans.js';

/** What {@link instrument} takes. */
export interface InstrumentOptions {
  /** Where spans go; `false`: none are made. Default the provider that is registered globally, also if that is done later. */
  tracerProvider?: Pick<TracerProvider, 'getTracer'> | false;
  /** Where metrics go; `false`: none. Default the provider that is registered globally when `instrument` is called. */
  meterProvider?: Pick<MeterProvider, 'getMeter'> | false;
}

const { version } = JSON.parse(readFileSync(internals.packageFiles.PACKAGE_JSON, 'utf8')) as { version: string };

const { anything, checked, object } = internals.checks;

const instrumentOptions = object({ tracerProvider: anything, meterProvider: anything });

/**
 * Makes spans and metrics of a queue's jobs until what it gives is disposed of: to be done when the queue is closed.
 *
 * Spans: `send <queue>` where a job is added, and `process <queue>` for each of its attempts, in the trace of whoever added
 * it. That trace goes with the job to its thread: where an SDK is loaded there too, such as by the queue's option
 * `worker: { execArgv: ['--import', file] }`, the spans that the handler makes join it.
 *
 * Metrics: run and waiting times, jobs by state, what happened to jobs, and threads; the guide lists them.
 *
 * Throws `OptionsError`.
 */
export function instrument(queue: JobQueue, options: InstrumentOptions = {}): Disposable {
  checked(instrumentOptions, options, 'instrument');
  const { tracerProvider = trace, meterProvider = globalMetrics } = options;
  // A meter does not notice an SDK that comes later.
  const hasMeter = meterProvider !== false && (meterProvider !== globalMetrics || isRegistered('metrics'));
  const metrics = hasMeter ? new Metrics(meterProvider.getMeter('threadmill', version), queue) : undefined;
  let stop: (() => void) | undefined;
  // Until somebody wants to know, nobody listens to what ends.
  const begin = () => {
    stop ??= internals.onAttemptEnd(queue, (record, attempt) => {
      spans?.ended(record, attempt);
      metrics?.ended(record, attempt);
    });
  };
  const isLive = tracerProvider === trace ? () => isRegistered('trace') : () => true;
  const spans = tracerProvider === false ? undefined : new Spans(tracerProvider.getTracer('threadmill', version), queue, isLive, begin);
  if (metrics !== undefined || (spans !== undefined && isLive())) begin();
  return {
    [Symbol.dispose]() {
      stop?.();
      spans?.[Symbol.dispose]();
      metrics?.[Symbol.dispose]();
    },
  };
}
