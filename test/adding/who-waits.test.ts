import { execFileSync } from 'node:child_process';
import { defineJob, JobQueue } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { about, bytes, flaky } from '../fixtures/answers.job.js';
import { chatter } from '../fixtures/chatter.job.js';
import { caught, expectBalanced, makeQueue, variant } from '../helpers.js';

const attemptsOf = async (run: Promise<unknown>) => ((await run) as { maxAttempts: number }).maxAttempts;

describe('who waits gets the error', () => {
  test('run and map: one attempt, and no dead letter', async () => {
    const queue = makeQueue();
    expect(await caught(queue.run(flaky, { failures: 1 }))).toHaveProperty('message', 'failure 1');
    expect(await caught(queue.map(flaky, [{ failures: 1 }]).next())).toHaveProperty('message', 'failure 1');
    expect(await attemptsOf(queue.run(about, 1))).toBe(1);
    expect(queue.deadLetters.size).toBe(0);
    expect(queue.stats()).toMatchObject({ totals: { failed: 2, retried: 0 }, counts: { failed: 2 } });
    expectBalanced(queue);
  });

  test('add and addBulk: four, and a dead letter, whoever asks for the result', async () => {
    const queue = makeQueue();
    const job = await queue.add(flaky, { failures: 9 });
    const [bulk] = await queue.addBulk(flaky, [{ failures: 9 }]);
    expect((await caught(job.result())).message).toBe('failure 4');
    expect((await caught(bulk?.result())).message).toBe('failure 4');
    expect(await attemptsOf((await queue.add(about, 1)).result())).toBe(4);
    expect(queue.deadLetters.size).toBe(2);
  });

  test('what the definition says holds for both', async () => {
    const queue = makeQueue();
    const twice = variant(flaky, { maxAttempts: 2, deadLetter: true });
    expect((await caught(queue.run(twice, { failures: 9 }))).message).toBe('failure 2');
    expect(queue.deadLetters.size).toBe(1);
  });

  test('a copy of a definition says no more than its original', async () => {
    const queue = makeQueue();
    const copy = defineJob({ ...flaky, timeout: 20_000 } as never) as typeof flaky;
    expect([copy.maxAttempts, copy.deadLetter]).toEqual([4, true]);
    expect((await caught(queue.run(copy, { failures: 9 }))).message).toBe('failure 1');
  });

  test('a definition says that none of its jobs is a dead letter, or that all are', async () => {
    const queue = makeQueue();
    const ends = async (deadLetter: boolean) => {
      const job = await queue.add(variant(flaky, { name: `dead-${deadLetter}`, maxAttempts: 1, deadLetter }), { failures: 9 });
      await caught(job.result());
      return job.name;
    };
    await ends(false);
    expect(queue.deadLetters.list().map(({ name }) => name)).toEqual([]);
    const kept = await ends(true);
    expect(queue.deadLetters.list().map(({ name }) => name)).toEqual([kept]);
  });

  test('what the call says holds before that', async () => {
    const queue = makeQueue();
    expect((await caught(queue.run(flaky, { failures: 9 }, { maxAttempts: 3, deadLetter: true }))).message).toBe('failure 3');
    const job = await queue.add(flaky, { failures: 9 }, { maxAttempts: 2, deadLetter: false });
    expect((await caught(job.result())).message).toBe('failure 2');
    expect(queue.deadLetters.list().map(({ attempts }) => attempts.length)).toEqual([3]);
    expect(queue.list('failed').map(({ attempt }) => attempt)).toEqual([2, 3]);
  });

  test('a failed job that is no dead letter is kept like a completed one, and listed with the others by their ends', async () => {
    const queue = makeQueue({ keepCompleted: 2 });
    const failed: string[] = [];
    queue.on('failed', ({ id }) => void failed.push(id));
    for (const deadLetter of [true, false, false, true, false]) await caught(queue.run(flaky, { failures: 9 }, { deadLetter }));
    const [first, gone, third, fourth, last] = failed;
    expect(queue.list('failed').map(({ id }) => id)).toEqual([last, fourth, third, first]);
    expect(queue.getJob(gone as string)).toBeUndefined();
    expect(queue.getJob(third as string)).toMatchObject({ state: 'failed', error: { message: 'failure 1' } });
    expect(queue.deadLetters.list().map(({ id }) => id)).toEqual([fourth, first]);
    expect(await caught(queue.deadLetters.replay(third as string))).toHaveProperty('code', 'ERR_NOT_FOUND');
    expect(queue.stats().counts.failed).toBe(4);
  });

  test('one that is evicted so makes no noise, and a dead letter does', async () => {
    const queue = makeQueue({ keepCompleted: 1, deadLetters: { max: 1, alertAt: 1 } });
    const evicted: unknown[] = [];
    queue.on('evicted', ({ id }) => void evicted.push(id));
    for (let count = 0; count < 3; count++) await caught(queue.run(flaky, { failures: 9 }));
    expect(evicted).toEqual([]);
    for (let count = 0; count < 2; count++) await caught(queue.run(flaky, { failures: 9 }, { deadLetter: true }));
    expect(evicted).toHaveLength(1);
  });

  test('a replayed one has nobody who waits', async () => {
    const queue = makeQueue();
    await caught(queue.run(flaky, { failures: 9 }, { deadLetter: true }));
    const replayed = await queue.deadLetters.replay(queue.deadLetters.list()[0]?.id as string);
    expect((await caught(replayed.result())).message).toBe('failure 4');
    expect(queue.deadLetters.size).toBe(1);
  });

  test('buffers may be transferred where there is one attempt', async () => {
    const queue = makeQueue();
    const input = new Uint8Array([97]);
    expect(await queue.run(bytes, input, { transfer: [input.buffer] })).toMatchObject({ text: 'a' });
    expect((await caught(queue.add(bytes, input, { transfer: [new ArrayBuffer(1)] }))).code).toBe('ERR_OPTIONS');
  });

  test('a job handed back keeps its attempts, and is a dead letter when it fails later', async () => {
    const queue = makeQueue();
    queue.pause();
    const waiting = caught(queue.run(flaky, { failures: 9 }));
    const { unfinished } = await queue.close({ drain: 'none' });
    expect(await waiting).toHaveProperty('code', 'ERR_QUEUE_CLOSED');
    expect(unfinished).toMatchObject([{ attemptsMade: 0, maxAttempts: 1 }]);
    const later = makeQueue({ jobs: [flaky] });
    const [job] = later.restore(unfinished);
    expect((await caught(job?.result())).message).toBe('failure 1');
    expect(later.deadLetters.size).toBe(1);
  });
});

describe('the log', () => {
  function listening() {
    const lines: { level: string; fields: any }[] = [];
    const at = (level: string) => (fields: object) => void lines.push({ level, fields });
    return { lines, logger: { trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
  }

  test('warns of a failure that somebody got, and errs for a dead letter; both carry err', async () => {
    const { lines, logger } = listening();
    const queue = makeQueue({ logger });
    await caught(queue.run(flaky, { failures: 9 }));
    await caught((await queue.add(flaky, { failures: 9 }, { maxAttempts: 1 })).result());
    const failures = lines.filter(({ fields }) => fields.outcome === 'failed');
    expect(failures.map(({ level, fields }) => [level, fields.err.message])).toEqual([
      ['warn', 'failure 1'],
      ['error', 'failure 1'],
    ]);
  });

  test('has the named keys of the metadata on every line of a job, and no others', async () => {
    const { lines, logger } = listening();
    const queue = makeQueue({ logger, logMetadata: ['requestId', 'missing'] });
    const metadata = { requestId: 'r-1', secret: 'secret' };
    await caught((await queue.add(flaky, { failures: 9 }, { maxAttempts: 2, metadata })).result());
    await queue.run(about, 1, { metadata: 'text' });
    const own = lines.filter(({ fields }) => fields.job === 'flaky');
    expect(own.map(({ fields }) => fields.requestId)).toEqual(['r-1', 'r-1']);
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  test('does no harm where a key of the metadata can be read no more', async () => {
    const { lines, logger } = listening();
    const queue = makeQueue({ logger, logMetadata: ['requestId'] });
    // When it is checked, and when it is sent.
    let left = 2;
    const metadata = {
      get requestId() {
        if (left-- > 0) return 'r-1';
        throw new Error('tired');
      },
    };
    const job = await queue.add(chatter, { lines: 1 }, { metadata, maxAttempts: 1 });
    await job.result();
    expect(lines).toMatchObject([{ level: 'debug' }, { fields: { jobId: job.id, outcome: 'completed' } }]);
    expect(queue.stats().threads.killed).toBe(0);
  });

  test('goes to stderr by default', () => {
    const script = `import { JobQueue, defineJob } from 'threadmill';
      const any = { '~standard': { version: 1, vendor: 'x', validate: (value) => ({ value }) } };
      const job = defineJob({ name: 'fine', module: 'data:text/javascript,', input: any, run() {} });
      const queue = new JobQueue({ threads: 1, spareThreads: 0 });
      await queue.run(job, 1).catch(() => {});
      await queue.close();`;
    const args = ['--input-type=module', '-e', `${script}`];
    expect(execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })).toBe('');
    expect(execFileSync('sh', ['-c', '"$0" "$@" 2>&1', process.execPath, ...args], { encoding: 'utf8' })).toContain('"err":{');
  });

  test('refuses keys that are no texts', () => {
    expect(() => new JobQueue({ logMetadata: [1] as never })).toThrow(/logMetadata/);
  });
});
