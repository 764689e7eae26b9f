import type { Attempt, JobDefinition, JobQueue } from 'threadmill';
import { beforeEach, describe, expect, it } from 'vitest';
import { kernelCpuTime } from '../../dist/threads/wire/kernel-thread.js';
import { spins, takes } from '../fixtures/usage.job.js';
import { caught, makeQueue } from '../helpers.js';

const KNOWN = 'threadCpuUsage' in process || process.platform === 'linux';

let queue: JobQueue;

beforeEach(() => {
  queue = makeQueue({ jobs: [takes, spins] });
});

/** The one attempt of a job. */
async function attemptOf(input: object, definition: JobDefinition<any, any, any> = takes): Promise<Attempt> {
  const job = await queue.add(definition, input);
  await job.result().catch(() => {});
  return job.attempts[0] as Attempt;
}

describe.skipIf(!KNOWN)('the CPU time of an attempt', () => {
  it('is what it computed, and not what it waited', async () => {
    const computing = await attemptOf({ rounds: 60 });
    const waiting = await attemptOf({ wait: computing.duration });
    expect(computing.cpuTime).toBeGreaterThan(0);
    expect(computing.cpuTime).toBeLessThanOrEqual(computing.duration);
    expect(waiting.duration).toBeGreaterThan(computing.duration - 2);
    expect(waiting.cpuTime).toBeLessThan((computing.cpuTime as number) / 2);
  });

  it('is known of an attempt that failed, and of each in a batch', async () => {
    const failed = await attemptOf({ rounds: 40, fail: true });
    expect(failed).toMatchObject({ outcome: 'failed', cpuTime: expect.any(Number), heapUsed: expect.any(Number) });
    const jobs = await queue.addBulk(takes, [{ rounds: 40 }, { wait: failed.duration }, { rounds: 40, fail: true }]);
    await Promise.allSettled(jobs.map((job) => job.result()));
    const [first, second, third] = jobs.map(({ attempts }) => attempts[0]?.cpuTime) as [number, number, number];
    expect(second).toBeLessThan(first / 2);
    expect(second).toBeLessThan(third / 2);
  });

  it('is not read for brief attempts, nor where a definition is known for them', async () => {
    for (let brief = 0; brief < 17; ) {
      const attempt = await attemptOf({});
      brief = attempt.duration < 5 ? brief + 1 : 0;
      if (brief > 0) expect(Object.keys(attempt)).not.toContain('cpuTime');
    }
    // Nobody has looked when it began. Then somebody does.
    const surprising = await attemptOf({ rounds: 40 });
    expect(surprising).toMatchObject({ heapUsed: expect.any(Number) });
    expect(Object.keys(surprising)).not.toContain('cpuTime');
    expect(await attemptOf({ rounds: 40 })).toMatchObject({ cpuTime: expect.any(Number) });
  });
});

it.skipIf(kernelCpuTime(process.pid) === undefined)('a killed attempt has computed, or has not: its CPU time is known too', async () => {
  const spun = await attemptOf({}, spins);
  expect(spun.outcome).toBe('timed-out');
  expect(spun.cpuTime).toBeGreaterThan(0);
  expect(spun.cpuTime).toBeLessThanOrEqual(spun.duration);
  const job = await queue.add(takes, { wait: 60_000 }, { timeout: 200 });
  await caught(job.result());
  const [waited] = job.attempts as [Attempt];
  expect(waited.outcome).toBe('timed-out');
  expect(waited.cpuTime).toBeLessThan((spun.cpuTime as number) / 2);
});

it('a killed attempt has the heap that the look into its thread saw', async () => {
  const job = await queue.add(spins, {});
  const { postMortem } = await caught(job.result());
  expect(postMortem.heapUsed).toBeGreaterThan(1e6);
  expect(job.attempts[0]?.heapUsed).toBe(postMortem.heapUsed);
});

it('the heap of an attempt is that of its thread when it ended', async () => {
  const before = await attemptOf({ wait: 10 });
  const after = await attemptOf({ wait: 10, keep: 2e6 });
  expect((after.heapUsed as number) - (before.heapUsed as number)).toBeGreaterThan(2e6 * 8);
});
