import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a phase took, and what it did to everything else in this process. */
export interface Phase {
  jobs: number;
  bytes: number;
  seconds: number;
  /** How late the event loop came back, in milliseconds. */
  delay: { p99: number; max: number };
}

/** Long enough for the monitor to take a sample, in milliseconds: it needs one before and one after the work. */
const ONE_SAMPLE = 10;

export async function measured<Result>(
  size: { jobs: number; bytes: number },
  work: () => Promise<Result>,
): Promise<{ phase: Phase; result: Result }> {
  const monitor = monitorEventLoopDelay({ resolution: 1 });
  monitor.enable();
  await sleep(ONE_SAMPLE);
  const startedAt = performance.now();
  const result = await work();
  const seconds = (performance.now() - startedAt) / 1_000;
  await sleep(ONE_SAMPLE);
  monitor.disable();
  const ms = (nanoseconds: number) => nanoseconds / 1e6;
  return { phase: { ...size, seconds, delay: { p99: ms(monitor.percentile(99)), max: ms(monitor.max) } }, result };
}
