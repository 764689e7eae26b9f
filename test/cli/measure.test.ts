import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { benchResult } from '../../dist/cli/bench-result.js';
import { Latencies } from '../../dist/cli/latencies.js';
import { closedLoop, openLoop } from '../../dist/cli/load-loops.js';
import { measure } from '../../dist/cli/measure.js';
import type { Row } from '../../dist/cli/row.js';
import { Window } from '../../dist/cli/window.js';
import { echo } from '../fixtures/answers.job.js';
import { takes } from '../fixtures/misbehaves.job.js';

const { signal } = new AbortController();
const noTimes = { p50: 0, p90: 0, p99: 0, max: 0, mean: 0 };
const row = (changes: Partial<Row>): Row => ({
  threads: 1,
  concurrency: 1,
  seconds: 1,
  completed: 1,
  failed: 0,
  failures: {},
  unfinished: 0,
  kills: 0,
  jobsPerSecond: 1,
  wait: noTimes,
  run: noTimes,
  total: noTimes,
  cpu: 1,
  eventLoop: { delay: noTimes, utilization: 0 },
  overhead: 0,
  interrupted: false,
  ...changes,
});

describe('a measurement', () => {
  test('has every number in its unit', async () => {
    const ticks: number[] = [];
    const begin = performance.now();
    const setting = { threads: 1, load: { concurrency: 2 }, warmup: 0, extent: { duration: 60_000, count: 10, signal } };
    const found = await measure(takes, [{ ms: 20 }], setting, (ended) => void ticks.push(ended));
    const took = performance.now() - begin;
    expect(found).toMatchObject({ threads: 1, concurrency: 2, completed: 10, failed: 0, failures: {}, kills: 0, interrupted: false });
    expect(ticks).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    // Ten jobs of 20 ms, one after the other: nothing of it is longer than all of it.
    expect(found.seconds * 1_000).toBeGreaterThanOrEqual(199);
    expect(found.seconds * 1_000).toBeLessThanOrEqual(took);
    expect(found.jobsPerSecond).toBeCloseTo(10 / found.seconds);
    expect(found.run.p50).toBeGreaterThanOrEqual(19.5);
    // With two in flight one waits while the other runs.
    expect(found.wait.p50).toBeGreaterThanOrEqual(10);
    expect(found.total.p50).toBeGreaterThanOrEqual(found.run.p50 + 10);
    expect(found.total.max).toBeLessThanOrEqual(took * 1.01);
    expect(found.cpu).toBeGreaterThan(0);
    expect(found.cpu).toBeLessThan(8);
    expect(found.overhead).toBeGreaterThan(0);
    expect(found.overhead).toBeLessThan(took / 10);
    expect(found.eventLoop.utilization).toBeLessThanOrEqual(1);
  });

  test('takes the inputs in turn, and counts failures by their code', async () => {
    const setting = { threads: 1, load: { concurrency: 1 }, warmup: 0, extent: { duration: 60_000, count: 6, signal } };
    const found = await measure(echo, [1, 2], setting, () => {});
    expect([found.completed, found.failed]).toEqual([6, 0]);
  });
});

describe('a load', () => {
  test('of an open loop has its starts at even distances, also while the process was busy elsewhere', async () => {
    const intended: number[] = [];
    const loop = openLoop(
      async (start) => {
        intended.push(start);
        if (intended.length === 5) for (const begin = performance.now(); performance.now() - begin < 60; );
      },
      200,
      { duration: 1_000, count: 20, signal },
    );
    expect(await loop).toMatchObject({ intended: [] });
    expect(intended).toHaveLength(20);
    for (const [n, start] of intended.entries()) expect(start - intended[0]).toBeCloseTo(n * 5, 5);
  });

  test('of an open loop gives back what did not end', async () => {
    const { intended, until } = await openLoop(() => new Promise(() => {}), 1_000, { duration: 20, count: 20, signal });
    expect(intended).toHaveLength(20);
    for (const start of intended) expect(start).toBeLessThan(until);
  });

  test('of a closed loop has its callers, no more jobs than it shall, and none after its end', async () => {
    let flying = 0;
    let most = 0;
    let fired = 0;
    const fire = async () => {
      fired++;
      most = Math.max(most, ++flying);
      await turn();
      flying--;
    };
    await closedLoop(fire, 3, { duration: 60_000, count: 10, signal });
    expect([fired, most]).toEqual([10, 3]);
    await closedLoop(fire, 3, { duration: 0, count: 10, signal });
    await closedLoop(fire, 3, { duration: 60_000, count: 10, signal: AbortSignal.abort() });
    expect(fired).toBe(10);
    await closedLoop(fire, 30, { duration: 60_000, count: 2, signal });
    expect(fired).toBe(12);
  });
});

describe('a window', () => {
  test.each([true, false])('has at most so many in flight (in order: %j)', async (ordered) => {
    const handed: number[] = [];
    const window = new Window<number>(3, ordered, (result) => void handed.push(result));
    const ends: (() => void)[] = [];
    const start = (n: number) => {
      window.start(
        () =>
          new Promise<number>((resolve) => {
            ends[n] = () => resolve(n);
          }),
      );
    };
    for (const n of [0, 1, 2]) {
      await window.room();
      start(n);
    }
    let room = false;
    const waits = window.room().then(() => {
      room = true;
    });
    await turn();
    expect(room).toBe(false);
    ends[1]();
    await turn();
    expect([room, handed]).toEqual(ordered ? [false, []] : [true, [1]]);
    ends[0]();
    await waits;
    await turn();
    expect(handed).toEqual(ordered ? [0, 1] : [1, 0]);
    ends[2]();
    await window.empty();
    expect(handed.at(-1)).toBe(2);
  });
});

describe('what is compared', () => {
  const rows = [row({ threads: 1, jobsPerSecond: 10 }), row({ threads: 2, jobsPerSecond: 30 })];
  const main = { ...row({ jobsPerSecond: 5 }), overhead: undefined } as never;

  test('says how many times faster it is than one thread, and than the main thread', () => {
    const { rows: compared } = benchResult('job', 'in.json', 1, rows, main, undefined, false);
    expect(compared.map(({ speedUp }) => speedUp)).toEqual([
      { overOneThread: 1, overMain: 2 },
      { overOneThread: 3, overMain: 6 },
    ]);
  });

  test('says nothing of it under an arrival rate, or where nothing completed', () => {
    const [rated] = benchResult('job', 'in.json', 1, [row({ rate: 100 })], main, undefined, false).rows;
    expect(rated.speedUp).toBeUndefined();
    const { rows: none, breakEven } = benchResult(
      'job',
      'in.json',
      1,
      [row({ completed: 0, jobsPerSecond: 0 })],
      'skipped',
      undefined,
      false,
    );
    expect([none[0].speedUp, breakEven]).toEqual([{}, undefined]);
  });

  test('says from which run time a thread pays: longer than what handing over costs', () => {
    const measured = (mean: number) => [row({ run: { ...noTimes, mean } })];
    const probe = row({ overhead: 0.05 });
    const pays = (mean: number) => benchResult('job', 'in.json', 1, measured(mean), main, probe, false).breakEven;
    expect(pays(0.2)).toEqual({ runTime: 0.05, measured: 0.2, pays: true });
    expect(pays(0.01)).toEqual({ runTime: 0.05, measured: 0.01, pays: false });
  });
});

test('latencies are milliseconds, to three digits', () => {
  const latencies = new Latencies();
  for (let n = 1; n <= 100; n++) latencies.record(n);
  const { p50, p90, p99, max, mean } = latencies.percentiles();
  for (const [found, expected] of [
    [p50, 50],
    [p90, 90],
    [p99, 99],
    [max, 100],
    [mean, 50.5],
  ])
    expect(Math.abs(found / expected - 1)).toBeLessThan(0.005);
  expect(new Latencies().percentiles()).toEqual(noTimes);
});
