import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Attempt, Job, JobQueue } from 'threadmill';
import { describe, expect, it, vi } from 'vitest';
import { hold, picky, read, spin, stacked, strange } from '../fixtures/page.job.js';
import { caught, makeGate, makeQueue, next, until } from '../helpers.js';
import { pageOf } from './board.js';

const folder = mkdtempSync(join(tmpdir(), 'threadmill-page-'));
const missing = () => join(folder, `${Math.random()}.txt`);

/** A queue whose one thread is held by a job. */
async function heldQueue(options = {}) {
  const queue = makeQueue({ jobs: [hold, read], ...options });
  const gate = makeGate();
  const holding = await queue.add(hold, { gate: gate.memory });
  await until(() => gate.arrivals === 1);
  return { queue, gate, holding };
}

function ended(queue: JobQueue, event: 'completed' | 'failed', job: Job) {
  return next<'completed' | 'failed'>(queue, event, (...[{ id }]) => id === job.id);
}

describe('a list', () => {
  it('shows the jobs of each state and how many there are', async () => {
    const { queue, gate, holding } = await heldQueue();
    const waiting = await queue.add(read, { path: missing() });
    const delayed = await queue.add(read, { path: missing() }, { delay: 60_000 });
    const page = await pageOf(queue);
    const { counts, jobs, isPaused, statuses } = await page.list('active');
    expect(counts).toMatchObject({ active: 1, waiting: 1, delayed: 1, completed: 0, failed: 0 });
    expect(statuses).toEqual(['latest', 'active', 'waiting', 'delayed', 'completed', 'failed']);
    expect(isPaused).toBe(false);
    expect(jobs.map(({ id }: Job) => id)).toEqual([holding.id]);
    expect(jobs[0].data).toEqual({ gate: expect.stringContaining('SharedArrayBuffer of 16 bytes') });
    expect((await page.list('waiting')).jobs.map(({ id }: Job) => id)).toEqual([waiting.id]);
    const [shown] = (await page.list('delayed')).jobs;
    expect(shown.id).toBe(delayed.id);
    expect(shown.delay).toBeGreaterThan(50_000);
    gate.open();
  });

  it('shows cancelled jobs among the latest: they have no list of their own', async () => {
    const queue = makeQueue();
    const job = await queue.add(read, { path: 'x' }, { delay: 60_000 });
    job.cancel('not wanted');
    const page = await pageOf(queue);
    expect((await page.list('latest')).jobs).toMatchObject([
      { id: job.id, failedReason: 'CancelledError: read was cancelled: not wanted' },
    ]);
    expect((await page.get(job.id)).body.status).toBe('unknown');
  });

  it('shows what JSON has no words for, and cuts what is huge', async () => {
    const queue = makeQueue();
    const cyclic: Record<string, unknown> = { big: 10n ** 30n, bytes: new Uint8Array(1e6), map: new Map([['a', new Set([1])]]) };
    cyclic.self = cyclic;
    await queue.run(strange, {
      ...cyclic,
      text: 'x'.repeat(1e6),
      many: new Array(1e5).fill(0),
      when: new Date(0),
      no: undefined,
      nan: Number.NaN,
    });
    const page = await pageOf(queue);
    const { jobs } = await page.list('completed');
    const { data, returnValue } = jobs[0];
    expect(data).toEqual(returnValue);
    expect(data).toMatchObject({
      big: `1${'0'.repeat(30)}n`,
      map: { Map: [['a', { Set: [1] }]] },
      when: '1970-01-01T00:00:00.000Z',
      nan: 'NaN',
    });
    expect(data.text).toContain('cut by threadmill/bull-board: 1000000 characters');
    expect(data.many.at(-1)).toContain('100000 in all');
    expect(JSON.stringify(jobs).length).toBeLessThan(100_000);
  });

  it('of a state with a great many jobs reads what it shows, and no deeper than anybody pages', async () => {
    const queue = makeQueue({ maxWaiting: Number.POSITIVE_INFINITY });
    queue.pause();
    const jobs = 15_000;
    await queue.addBulk(read, new Array(jobs).fill({ path: 'x' }));
    const page = await pageOf(queue);
    const list = vi.spyOn(queue, 'list');
    const { counts, jobs: third, pagination } = await page.list('waiting', 3);
    expect(counts.waiting).toBe(jobs);
    expect(pagination.pageCount).toBe(jobs / 10);
    expect(third).toHaveLength(10);
    const waiting = () => list.mock.calls.filter(([state]) => state === 'waiting').map(([, part]) => part) as any[];
    expect(waiting()).toEqual([{ offset: 20, limit: 10 }]);
    expect((await page.list('waiting', jobs / 10)).jobs).toEqual([]);
    expect((await page.list('waiting', 1, 1_000_000)).jobs).toHaveLength(500);
    for (const { offset, limit } of waiting()) expect(offset + limit).toBeLessThanOrEqual(10_500);
  });
});

describe('a job', () => {
  it('shows its input, result, progress, logs and thread', async () => {
    const queue = makeQueue();
    const path = missing();
    writeFileSync(path, 'hello');
    const job = await queue.add(read, { path }, { metadata: { user: 7 }, priority: 3 });
    await job.result();
    const page = await pageOf(queue);
    const { status, body } = await page.get(job.id);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'completed',
      job: {
        name: 'read',
        data: { path },
        returnValue: { text: 'hello' },
        progress: 50,
        attempts: 1,
        stacktrace: [],
        isFailed: false,
        opts: { priority: 3, metadata: { user: 7 } },
        processedBy: expect.stringMatching(/^thread \d+$/),
      },
    });
    expect(body.job.finishedOn).toBeGreaterThanOrEqual(body.job.timestamp);
    expect((await page.get(`${job.id}/logs`)).body).toEqual([expect.stringMatching(new RegExp(`Z info reading ${path} { size: 3 }$`))]);
  });

  it('that failed shows every attempt with its stack, the newest first', async () => {
    const queue = makeQueue();
    const job = await queue.add(read, { path: missing() });
    await ended(queue, 'failed', job);
    const page = await pageOf(queue);
    const { body } = await page.get(job.id);
    expect(body.status).toBe('failed');
    expect(body.job.failedReason).toMatch(/^Error: ENOENT/);
    expect(body.job.stacktrace).toHaveLength(2);
    expect(body.job.stacktrace[0]).toMatch(
      /^Attempt 2: failed after \d+ ms on thread \d+, started .*\nError: ENOENT[\s\S]*at [\s\S]*page\.job\.js/,
    );
    expect(body.job.stacktrace[1]).toMatch(/^Attempt 1: failed/);
    // What is the same for every job is left out.
    expect(body.job.stacktrace[0]).not.toMatch(/threads\/inside|node:internal/);
  });

  it('that failed shows what caused its error', async () => {
    const queue = makeQueue();
    const job = await queue.add(picky, { good: false });
    await ended(queue, 'failed', job);
    const page = await pageOf(queue);
    expect((await page.get(job.id)).body.job.stacktrace[0]).toMatch(/Error: not good[\s\S]*\nCaused by: RangeError: the reason/);
  });

  it('that failed shows the calls of its own code, and not those of the package, by whichever name they go', async () => {
    const queue = makeQueue();
    const root = join(import.meta.dirname, '../..');
    const places = ['dist/threads/inside/invoke.js', 'src/threads/inside/invoke.ts'].map((file) => join(root, file));
    const lines = [...places, ...places.map((place) => pathToFileURL(place).href)].map((place) => `    at async settle (${place}:31:19)`);
    const own = `    at run (${join(root, 'examples/server/search.job.ts')}:21:24)`;
    await caught(queue.run(stacked, ['Error: no', own, ...lines, '    at node:internal (node:events:1:1)'].join('\n')));
    const page = await pageOf(queue);
    const [{ stacktrace }] = (await page.list('failed')).jobs;
    expect(stacktrace[0].split('\n').slice(1)).toEqual(['Error: no', own, '']);
  });

  it('that was killed shows where it was stuck', async () => {
    const queue = makeQueue();
    const job = await queue.add(spin, {});
    await ended(queue, 'failed', job);
    const page = await pageOf(queue);
    const [text] = (await page.get(job.id)).body.job.stacktrace;
    expect(text).toMatch(
      /^Attempt 1: timed-out[\s\S]*TimeoutError: spin timed out after 150 ms in spinForEver \(page\.job\.js:\d+\)\n {4}at spinForEver/,
    );
    expect(text).toMatch(/Post-mortem: computing; hot: spinForEver/);
    const { duration, cpuTime, threadId } = job.attempts[0] as Attempt;
    const cpu = cpuTime === undefined ? '' : ` (${cpuTime.toFixed(0)} of CPU)`;
    expect(text).toContain(`after ${duration.toFixed(0)} ms${cpu} on thread ${threadId}`);
  });

  it('that is not there is not found', async () => {
    const page = await pageOf(makeQueue());
    expect((await page.get('nobody')).status).toBe(404);
    expect((await page.get('nobody/logs')).body).toEqual([]);
  });
});

describe('the page', () => {
  it('retries a dead letter under its id', async () => {
    const queue = makeQueue();
    const path = missing();
    const job = await queue.add(read, { path });
    await ended(queue, 'failed', job);
    writeFileSync(path, 'there now');
    const page = await pageOf(queue);
    const completed = ended(queue, 'completed', job);
    expect((await page.put(`${job.id}/retry`)).status).toBe(204);
    await completed;
    expect((await page.get(job.id)).body).toMatchObject({
      status: 'completed',
      job: { returnValue: { text: 'there now' }, isFailed: false },
    });
  });

  it('retries all that failed', async () => {
    const queue = makeQueue();
    const jobs = await queue.addBulk(
      read,
      [1, 2, 3].map(() => ({ path: missing() })),
    );
    await until(() => queue.deadLetters.size === 3);
    for (const { input } of jobs as Job<{ path: string }>[]) writeFileSync(input.path, 'there');
    const page = await pageOf(queue);
    expect((await page.put('retry/failed')).body).toEqual({ retried: 3, skipped: 0 });
    await Promise.all(jobs.map((job) => job.result()));
    expect(queue.deadLetters.size).toBe(0);
  });

  it('adds a failed job again that is no dead letter, for somebody had its error: as it was, and once', async () => {
    const queue = makeQueue();
    const path = missing();
    await caught(queue.run(read, { path }, { priority: 4, metadata: { user: 7 } }));
    const [failed] = queue.list('failed') as [Job];
    expect(queue.deadLetters.size).toBe(0);
    writeFileSync(path, 'there now');
    const page = await pageOf(queue);
    const completed = next(queue, 'completed');
    expect((await page.put(`${failed.id}/retry`)).status).toBe(204);
    const [again] = await completed;
    expect(again).toMatchObject({ input: { path }, output: { text: 'there now' }, priority: 4, metadata: { user: 7 } });
    expect(again.id).not.toBe(failed.id);
    expect((await page.get(failed.id)).status).toBe(404);
    expect(queue.stats().counts).toMatchObject({ completed: 1, failed: 0 });
  });

  it('adds it again with another input, or says why not and keeps it', async () => {
    const queue = makeQueue();
    await caught(queue.run(picky, { good: false }));
    const [failed] = queue.list('failed') as [Job];
    const page = await pageOf(queue);
    await page.patch(`${failed.id}/update-data`, { jobData: { good: 'perhaps' } });
    expect(await page.put(`${failed.id}/retry`)).toMatchObject({ status: 400, body: { message: expect.stringContaining('picky') } });
    expect((await page.list('failed')).jobs.map(({ id }: Job) => id)).toEqual([failed.id]);
    await page.patch(`${failed.id}/update-data`, { jobData: { good: true } });
    const completed = next(queue, 'completed');
    expect((await page.put(`${failed.id}/retry`)).status).toBe(204);
    expect((await completed)[0].output).toBe('good');
    expect((await page.list('failed')).jobs).toEqual([]);
  });

  it('retries all that failed, more than a page of them, dead letters and others', async () => {
    const queue = makeQueue({ keepCompleted: 1_000, deadLetters: { max: 1_000, alertAt: 1_000 } });
    const bad = { good: false };
    await queue.addBulk(picky, new Array(150).fill(bad));
    await Promise.all(Array.from({ length: 50 }, () => caught(queue.run(picky, bad))));
    await queue.idle();
    expect([queue.deadLetters.size, queue.stats().counts.failed]).toEqual([150, 200]);
    const page = await pageOf(queue);
    expect((await page.put('retry/failed')).body).toEqual({ retried: 200, skipped: 0 });
    await queue.idle();
    // Now nobody has their errors: all are dead letters.
    expect(queue.stats().totals).toMatchObject({ added: 250, replayed: 150, failed: 400 });
    expect([queue.deadLetters.size, queue.stats().counts.failed]).toEqual([200, 200]);
  });

  it('does not run again what has completed', async () => {
    const queue = makeQueue();
    const job = await queue.add(strange, 1);
    await job.result();
    const page = await pageOf(queue);
    expect((await page.put(`${job.id}/retry`)).status).toBe(400);
    expect((await page.put('retry/completed')).status).toBe(400);
    expect(queue.stats().totals.added).toBe(1);
  });

  it('retries a dead letter with another input, if the schema takes it', async () => {
    const queue = makeQueue();
    const job = await queue.add(picky, { good: false });
    await ended(queue, 'failed', job);
    const page = await pageOf(queue);
    await page.patch(`${job.id}/update-data`, { jobData: { good: 'perhaps' } });
    const refused = await page.put(`${job.id}/retry`);
    expect(refused).toMatchObject({ status: 400, body: { message: expect.stringContaining('picky') } });
    await page.patch(`${job.id}/update-data`, { jobData: { good: true } });
    expect((await page.get(job.id)).body.job.data).toEqual({ good: true });
    const completed = ended(queue, 'completed', job);
    await page.put(`${job.id}/retry`);
    await completed;
    expect(await job.result()).toBe('good');
  });

  it('promotes a delayed job, and all of them', async () => {
    const queue = makeQueue({ jobs: [picky] });
    const jobs = await queue.addBulk(picky, new Array(3).fill({ good: true }), { delay: 3_600_000 });
    const page = await pageOf(queue);
    expect((await page.put(`${jobs[0].id}/promote`)).status).toBe(204);
    await jobs[0].result();
    expect((await page.put(`${jobs[0].id}/promote`)).status).toBe(400);
    expect(queue.stats().counts.delayed).toBe(2);
    await page.put('promote');
    await Promise.all(jobs.map((job) => job.result()));
  });

  it('removes jobs that live and jobs that ended', async () => {
    const { queue, gate } = await heldQueue();
    const waiting = await queue.add(read, { path: 'x' });
    const page = await pageOf(queue);
    expect((await page.put(`${waiting.id}/clean`)).status).toBe(204);
    expect(waiting.state).toBe('cancelled');
    expect((await page.put(`${waiting.id}/clean`)).status).toBe(204);
    expect(queue.getJob(waiting.id)).toBeUndefined();
    gate.open();
    const done = await queue.add(strange, 1);
    await done.result();
    const failed = await queue.add(read, { path: missing() });
    await ended(queue, 'failed', failed);
    for (const { id } of [done, failed]) {
      expect((await page.put(`${id}/clean`)).status).toBe(204);
      expect((await page.get(id)).status).toBe(404);
    }
    expect(queue.stats().counts).toMatchObject({ failed: 0, cancelled: 0 });
  });

  it('cancels an active job', async () => {
    const { queue, holding } = await heldQueue();
    const page = await pageOf(queue);
    const cancelled = next(queue, 'cancelled');
    expect((await page.put(`${holding.id}/clean`)).status).toBe(204);
    await cancelled;
    expect(holding.state).toBe('cancelled');
  });

  it('cleans the waiting jobs, and empties the queue', async () => {
    const { queue, gate } = await heldQueue();
    const jobs = await queue.addBulk(read, new Array(2_500).fill({ path: 'x' }));
    const delayed = await queue.add(read, { path: 'x' }, { delay: 60_000 });
    const page = await pageOf(queue);
    await page.put('clean/wait');
    expect(jobs.every(({ state }) => state === 'cancelled')).toBe(true);
    expect(delayed.state).toBe('delayed');
    await page.put('empty');
    expect(delayed.state).toBe('cancelled');
    gate.open();
  });

  it('does not clean what has just ended', async () => {
    const queue = makeQueue();
    await queue.run(strange, 1);
    const page = await pageOf(queue);
    await page.put('clean/completed');
    expect((await page.list('completed')).jobs).toHaveLength(1);
  });

  it('obliterates a paused queue', async () => {
    const { queue, gate } = await heldQueue();
    await queue.add(read, { path: 'x' });
    const page = await pageOf(queue);
    expect((await page.put('obliterate', {})).status).toBe(400);
    await page.put('pause');
    expect((await page.put('obliterate', {})).status).toBe(409);
    gate.open();
    await until(() => queue.stats().counts.active === 0);
    expect((await page.put('obliterate', {})).status).toBe(200);
    expect(Object.values(queue.stats().counts)).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('pauses and resumes', async () => {
    const queue = makeQueue();
    const page = await pageOf(queue);
    await page.put('pause');
    expect(queue.isPaused).toBe(true);
    expect((await page.list('latest')).isPaused).toBe(true);
    await page.put('resume');
    expect(queue.isPaused).toBe(false);
  });

  it('shows the threads: what they run, and the idle ones', async () => {
    const { queue, gate, holding } = await heldQueue({ threads: 2 });
    await queue.ready();
    const page = await pageOf(queue);
    const { workers } = (await page.get('workers')).body;
    expect(workers).toMatchObject([
      { id: expect.stringMatching(/^thread \d+$/), name: `hold ${holding.id}`, addr: expect.stringMatching(/^thread \d+, running$/) },
      { addr: 'idle' },
    ]);
    expect((await page.list('latest')).hasWorkers).toBe(true);
    gate.open();
  });
});

describe('the form', () => {
  it('is made from the schema of the only definition, and needs no name then', async () => {
    const queue = makeQueue({ jobs: [picky] });
    const page = await pageOf(queue);
    expect((await page.get('job-data-schema')).body).toMatchObject({
      title: 'picky',
      type: 'object',
      properties: { good: { type: 'boolean' } },
      required: ['good'],
    });
    const { status, body } = await page.post('add', { name: '__default__', data: { good: true }, options: { attempts: 2, priority: 1 } });
    expect(status).toBe(200);
    expect(await queue.getJob(body.job.id)?.result()).toBe('good');
  });

  it('offers the schemas of all definitions', async () => {
    const queue = makeQueue({ jobs: [picky, read] });
    const page = await pageOf(queue);
    expect((await page.get('job-data-schema')).body.anyOf).toMatchObject([
      { title: 'picky' },
      { title: 'read', properties: { path: { type: 'string' } } },
    ]);
    expect((await page.list('latest')).description).toBe('Jobs: picky, read');
  });

  it.each([
    ['a name that is none', { name: 'other', data: {} }, 'picky, read'],
    ['no name', { name: '__default__', data: {} }, 'picky, read'],
    ['an input that the schema refuses', { name: 'picky', data: { good: 1 } }, 'input of job "picky" is invalid'],
    ['an option that is none', { name: 'picky', data: { good: true }, options: { lifo: true } }, 'lifo'],
    [
      'an input that was cut when it was shown',
      { name: 'picky', data: { text: 'x… cut by threadmill/bull-board: 10 characters' } },
      'whole input',
    ],
  ])('refuses %s, and says why', async (_what, request, message) => {
    const queue = makeQueue({ jobs: [picky, read] });
    const page = await pageOf(queue);
    expect(await page.post('add', request)).toMatchObject({ status: 400, body: { message: expect.stringContaining(message) } });
    expect(queue.stats().totals.added).toBe(0);
  });

  it('adds nothing to a queue that is closed', async () => {
    const queue = makeQueue({ jobs: [picky] });
    await queue.close();
    const page = await pageOf(queue);
    expect(await page.post('add', { data: { good: true } })).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('closed') },
    });
  });
});

it('a read-only page changes nothing', async () => {
  const queue = makeQueue();
  const page = await pageOf(queue, { readOnlyMode: true });
  expect((await page.put('pause')).status).toBe(405);
  expect(queue.isPaused).toBe(false);
});
