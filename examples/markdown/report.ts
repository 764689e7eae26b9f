import { relative } from 'node:path';
import { inspect } from 'node:util';
import type { DeadLetter, QueueStats } from 'threadmill';
import { library } from './documents.js';
import type { Difference } from './expectations.js';
import type { Phase } from './measure.js';
import { PATTERNS } from './patterns.js';
import type { TroubledJobs } from './phases.js';
import { table } from './table.js';

export function reportPhases(phases: Record<string, Phase>): void {
  const head = ['', 'jobs', 'MB', 's', 'jobs/s', 'MB/s', 'loop delay p99 ms', 'max ms'];
  section('measured', table(head, Object.entries(phases).map(phaseRow)));
}

function phaseRow([name, { jobs, bytes, seconds, delay }]: [string, Phase]): string[] {
  const megabytes = bytes / 1e6;
  const numbers = [megabytes, seconds, jobs / seconds, megabytes / seconds].map((number) => number.toFixed(2));
  return [name, String(jobs), ...numbers, delay.p99.toFixed(1), delay.max.toFixed(1)];
}

export async function reportSearches({ searches }: TroubledJobs): Promise<void> {
  const results = await Promise.allSettled(searches.map((job) => job.result()));
  const rows = results.map((result, index) => {
    const title = PATTERNS[index]?.title ?? '';
    return result.status === 'rejected' ? [title, '-', '-'] : [title, String(result.value.matches), String(result.value.files)];
  });
  section('searches', table(['looked for', 'matches', 'files'], rows));
}

export function reportTotals({ totals, threads }: QueueStats): void {
  const { added, completed, failed, retried, timedOut, interrupted } = totals;
  const numbers = {
    jobs: added,
    completed,
    failed,
    retries: retried,
    'timed out': timedOut,
    interrupted,
    'threads killed': threads.killed,
  };
  section('the queue', table(Object.keys(numbers), [Object.values(numbers).map(String)]));
}

export function reportDeadLetters(letters: readonly DeadLetter[]): void {
  const texts = letters.map(({ id, name, reason, error, attempts }) => {
    const message = error instanceof Error ? error.message : String(error);
    return `${id}  ${name}  ${reason}, ${attempts.length} attempts of ${attempts.map(({ duration }) => duration.toFixed(0)).join(', ')} ms\n  ${message}`;
  });
  section('dead letters', texts.join('\n'));
}

export function reportHang({ hanging }: TroubledJobs): void {
  const place = typeof hanging.progress === 'string' ? relative(library, hanging.progress) : 'an unknown document';
  console.log(`\nThe search that was killed hung on ${place}.`);
}

export function reportDifferences(differences: readonly Difference[]): void {
  if (differences.length === 0) return console.log('\nEvery job ended as it should.');
  const texts = differences.map(({ what, expected, actual }) => `${what}\n  expected ${show(expected)}\n  actual   ${show(actual)}`);
  section('NOT as it should be', texts.join('\n'));
}

/** What was just seen, in one sentence, and where to look next. */
export function reportLesson(here: Phase, jobs: Phase, threads: number): void {
  const ratio = jobs.jobs / jobs.seconds / (here.jobs / here.seconds);
  console.log(
    `\nWhat you saw: ${threads} threads rendered ${ratio.toFixed(1)} times as many documents a second as the main thread alone, and the event loop, which the main thread's work held up for as long as ${here.delay.max.toFixed(0)} ms, was never later than ${jobs.delay.max.toFixed(0)} ms. Next: \`npm run example:server\`, a web server with this inside and a page to watch it; or examples/markdown/main.ts.`,
  );
}

function show(value: unknown): string {
  return inspect(value, { depth: 4, breakLength: Number.POSITIVE_INFINITY });
}

function section(title: string, text: string): void {
  console.log(`\n${title}\n\n${text}`);
}
