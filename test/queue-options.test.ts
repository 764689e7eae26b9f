import { JobQueue, OptionsError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { echo, makesQueue } from './fixtures/answers.job.js';
import { caught, closeAfterwards, makeQueue, moduleOf, thrownBy, variant } from './helpers.js';

describe('options', () => {
  test.each<[string, unknown, RegExp]>([
    ['name', '', /given ''/],
    ['name', 3, /expected a string that is not empty, given 3/],
    ['jobs', [{}], /definition from defineJob.*given \{\}/],
    ['threads', 0, /1, given 0/],
    ['threads', 1.5, /int.*given 1.5/],
    ['spareThreads', -1, /0, given -1/],
    ['maxBatch', 0, /1, given 0/],
    ['maxWaiting', -1, /0.*given -1/],
    ['whenFull', 'drop', /wait.*reject.*given 'drop'/],
    ['maxInputBytes', 0, /given 0/],
    ['keepCompleted', -1, /given -1/],
    ['logger', {}, /trace, debug, info, warn and error, or false, given \{\}/],
    ['logger', true, /given true/],
    ['deadLetters', 5, /expected object, given 5/],
    ['deadLetters', null, /expected object, given null/],
    ['deadLetters', { max: 2, alertAt: 3 }, /deadLetters.alertAt": expected at most max \(2\).*given 3/],
    ['deadLetters', { max: -1 }, /deadLetters.max": .*from 0, given -1/],
    ['idempotency', { ttl: -1 }, /idempotency.ttl": .*given -1/],
    ['keepCompleted', { bytes: 'many' }, /keepCompleted.bytes": expected number.*given 'many'/],
    ['logMetadata', 'requestId', /expected array, given 'requestId'/],
    ['logMetadata', ['a', 5], /logMetadata.1": expected string, given 5/],
    ['recycle', { jobs: 0 }, /recycle.jobs": expected an integer from 1, given 0/],
    ['postMortem', 'no', /expected boolean, given 'no'/],
    ['maxWaiting', Number.NaN, /from 0, or Infinity, given NaN/],
    ['worker', 5, /expected object, given 5/],
    ['worker', { env: { A: 1 } }, /worker.env.A": expected string, given 1/],
    ['worker', { env: 'A=1' }, /worker.env": expected object, given 'A=1'/],
    ['worker', { resourceLimits: { maxOldGenerationSizeMb: '64' } }, /maxOldGenerationSizeMb": expected number, given '64'/],
    ['worker', { execArgv: [1] }, /worker.execArgv.0": expected string, given 1/],
    ['worker', { data: () => {} }, /worker.data": expected what can be cloned/],
    ['worker', { console: 'none' }, /'log' or 'inherit' or 'ignore', given 'none'/],
  ])('%s: %j is refused with what was expected and given', (option, value, message) => {
    const error = thrownBy(() => new JobQueue({ [option]: value }));
    expect(error).toBeInstanceOf(OptionsError);
    expect(error.message).toContain(option);
    expect(error.message).toMatch(message);
  });

  test.each<[object, string]>([
    [{ thread: 2 }, '"thread"'],
    [{ deadLetters: { maximum: 2 } }, '"maximum" in "deadLetters"'],
    [{ idempotency: { ttl: 1, size: 2 } }, '"size" in "idempotency"'],
    [{ worker: { stdin: true } }, '"stdin" in "worker"'],
  ])('%j is refused by the name of the unknown option', (options, name) => {
    const error = thrownBy(() => new JobQueue(options as never));
    expect(error).toBeInstanceOf(OptionsError);
    expect(error.message).toContain(`unknown option ${name}`);
  });

  test.each([[null], [[]], [[1]], [5], ['main'], [() => {}]])('%o is refused, which is no object', (options) => {
    const error = thrownBy(() => new JobQueue(options as never));
    expect(error).toBeInstanceOf(OptionsError);
    expect(error.message).toMatch(/new JobQueue: options: expected object, given/);
  });

  test('one that is undefined has its default, and one that is inherited counts', async () => {
    const queue = makeQueue({
      name: undefined,
      threads: undefined,
      whenFull: undefined,
      worker: undefined,
      deadLetters: { max: undefined },
    });
    expect(queue.name).toBe('default');
    expect(await queue.run(echo, 'ran')).toBe('ran');
    const inheriting = closeAfterwards(new JobQueue(Object.create({ name: 'base', logger: false, threads: 1 })));
    expect(inheriting.name).toBe('base');
    expect(thrownBy(() => new JobQueue(Object.create({ threads: 0 }))).message).toContain('"threads"');
  });

  test('two definitions of one name are refused', async () => {
    const twin = variant(echo, { module: moduleOf('export const a = 1') });
    expect(thrownBy(() => new JobQueue({ jobs: [echo, twin] })).message).toContain('two definitions are called "echo"');
    const queue = makeQueue({ jobs: [echo] });
    expect(await caught(queue.add(twin, 1))).toBeInstanceOf(OptionsError);
  });

  test('the default name is default', () => {
    expect(makeQueue().name).toBe('default');
    expect(makeQueue({ name: 'mail' }).name).toBe('mail');
  });

  test('ten thousand jobs may wait by default, and no more', async () => {
    const queue = makeQueue({ whenFull: 'reject', minThreads: 0 });
    queue.pause();
    await queue.addBulk(echo, new Array(10_000).fill(1));
    expect(await caught(queue.add(echo, 1))).toMatchObject({
      code: 'ERR_QUEUE_FULL',
      message: expect.stringContaining('maxWaiting (10000)'),
    });
  });

  test('a queue made inside a job says what is wrong', async () => {
    const error = await caught(makeQueue().run(makesQueue, 1));
    expect(error).toBeInstanceOf(OptionsError);
    expect(error.message).toMatch(/JobQueue was made inside a job thread.*Move/);
  });

  test.each<[string, unknown]>([
    ['priority', Number.NaN],
    ['delay', -1],
    ['delay', Number.POSITIVE_INFINITY],
    ['timeout', 0],
    ['maxAttempts', 0],
    ['backoff', 'slow'],
    ['idempotencyKey', ''],
    ['signal', {}],
    ['transfer', [1]],
  ])('add refuses %s: %j', async (option, value) => {
    const queue = makeQueue();
    const error = await caught(queue.add(echo, 1, { [option]: value }));
    expect(error).toBeInstanceOf(OptionsError);
    expect(error.message).toContain(option);
    expect(queue.stats().totals.added).toBe(0);
  });

  test('add refuses an unknown option by name', async () => {
    expect((await caught(makeQueue().add(echo, 1, { prio: 1 } as never))).message).toContain('unknown option "prio"');
  });

  test('add refuses what is not a definition', async () => {
    for (const wrong of [undefined, null, {}, 'echo']) {
      expect(await caught(makeQueue().add(wrong as never, 1 as never))).toBeInstanceOf(OptionsError);
    }
  });

  test('transfer needs a single attempt', async () => {
    const error = await caught(makeQueue().add(echo, 1, { transfer: [new ArrayBuffer(1)] }));
    expect(error).toBeInstanceOf(OptionsError);
    expect(error.message).toMatch(/maxAttempts.*transferred buffer.*given 4/);
  });
});
