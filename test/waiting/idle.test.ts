import { describe, expect, test } from 'vitest';
import { echo, flaky, hold } from '../fixtures/answers.job.js';
import { polite } from '../fixtures/misbehaves.job.js';
import { caught, makeGate, makeQueue, next, thrownBy, variant } from '../helpers.js';

describe('idle', () => {
  test('is at once on an idle queue, and else when the last job has ended', async () => {
    const queue = makeQueue();
    await queue.idle();
    await queue.add(flaky, { failures: 2 });
    await queue.add(echo, 1, { delay: 20 });
    await queue.idle();
    expect(queue.stats()).toMatchObject({ counts: { delayed: 0, waiting: 0, active: 0 }, totals: { completed: 2, retried: 2 } });
  });

  test('is also when what was left is handed back', async () => {
    const queue = makeQueue();
    queue.pause();
    await queue.add(echo, 1);
    const idle = queue.idle();
    await queue.close({ drain: 'none' });
    await idle;
  });
});

describe('cancel', () => {
  test('gives an active job its grace period', async () => {
    const queue = makeQueue();
    const gate = makeGate();
    const job = await queue.add(polite, { how: 'gate', gate: gate.memory });
    await next(queue, 'progress');
    expect(queue.cancel({ state: 'active' })).toBe(1);
    expect(job.state).toBe('active');
    gate.open();
    expect(await caught(job.result())).toHaveProperty('code', 'ERR_CANCELLED');
    expect([job.state, queue.stats().threads.killed]).toEqual(['cancelled', 0]);
  });

  test('cancels what matches, and says how many', async () => {
    const queue = makeQueue();
    const other = variant(echo, { name: 'other' });
    queue.pause();
    const jobs = await queue.addBulk(echo, [1, 2]);
    const late = await queue.add(echo, 3, { delay: 60_000 });
    const others = await queue.addBulk(other, [4, 5]);
    expect(queue.cancel({ name: 'echo', state: 'delayed' })).toBe(1);
    expect(late.state).toBe('cancelled');
    expect(queue.cancel({ name: 'echo' })).toBe(2);
    expect(await caught(jobs[0].result())).toMatchObject({ code: 'ERR_CANCELLED', jobId: jobs[0].id });
    expect(queue.cancel({ name: 'unknown' })).toBe(0);
    expect(queue.cancel({ group: 'unknown' })).toBe(0);
    expect(others.map(({ state }) => state)).toEqual(['waiting', 'waiting']);
    expect(queue.cancel()).toBe(2);
    expect(queue.cancel()).toBe(0);
    expect(queue.stats().totals).toMatchObject({ added: 5, cancelled: 5 });
    expect(thrownBy(() => queue.cancel({ state: 'completed' } as never))).toHaveProperty('code', 'ERR_OPTIONS');
  });

  test('ends active jobs too', async () => {
    const queue = makeQueue();
    const gate = makeGate();
    const job = await queue.add(hold, { gate: gate.memory });
    while (gate.arrivals === 0) await new Promise(setImmediate);
    expect(queue.cancel({ state: 'active' })).toBe(1);
    expect(await caught(job.result())).toHaveProperty('code', 'ERR_CANCELLED');
  });

  test('of many costs less than an error for each', async () => {
    const queue = makeQueue({ maxWaiting: Number.POSITIVE_INFINITY });
    queue.pause();
    const inputs = Array.from({ length: 100_000 }, (_, n) => n);
    await queue.addBulk(echo, inputs);
    const cpu = process.cpuUsage();
    for (let n = 0; n < 100_000; n++) new Error('control');
    const control = process.cpuUsage(cpu).user;
    const before = process.cpuUsage();
    expect(queue.cancel({ name: 'echo' })).toBe(100_000);
    // With an error for each it would be twice as much at least.
    expect(process.cpuUsage(before).user).toBeLessThan(1.6 * control);
    expect(queue.stats().counts).toMatchObject({ waiting: 0, cancelled: 100 });
  });
});
