import { ModuleError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { echo, other } from '../fixtures/answers.job.js';
import { caught, expectBalanced, makeQueue, moduleOf, variant } from '../helpers.js';

const MISSING = new URL('./no-such-file.job.js', import.meta.url).href;

describe('a bad module', () => {
  test.each<[string, string, RegExp]>([
    ['that is missing', MISSING, /failed to load: .*no-such-file\.job\.js/],
    ['with a syntax error', moduleOf('export const = 1'), /failed to load: /],
    ['that throws at load', moduleOf('throw new RangeError("at load")'), /failed to load: at load/],
    ['that throws null at load', moduleOf('throw null'), /failed to load: null/],
    ['that exports nothing', moduleOf('1'), /no definition of a job called "echo": it exports nothing/],
    ['that exports other things', moduleOf('export const a = 1; export default 2'), /it exports .*a.*default|it exports .*default.*a/],
    ['that exits at load', moduleOf('process.exit(3)'), /ended its thread while loading.*process\.exit\(3\)/],
  ])('%s fails its own jobs with a ModuleError and is not retried', async (_what, module, message) => {
    const queue = makeQueue();
    const bad = variant(echo, { module });
    const jobs = await queue.addBulk(bad, [1, 2]);
    const innocent = await queue.add(other, 'innocent');
    for (const job of jobs) {
      const error = await caught(job.result());
      expect(error).toBeInstanceOf(ModuleError);
      expect(error).toMatchObject({ code: 'ERR_MODULE', jobId: job.id, jobName: 'echo', attempt: 1 });
      expect(error.message).toMatch(message);
      expect(job.attempts).toHaveLength(1);
    }
    expect(await innocent.result()).toBe('innocent');
    expect(queue.stats().totals).toMatchObject({ retried: 0, failed: 2, completed: 1 });
    expectBalanced(queue);
  });

  test('keeps what it threw as cause', async () => {
    const error = await caught(makeQueue().run(variant(echo, { module: moduleOf('throw new RangeError("at load")') }), 1));
    expect(error.cause).toBeInstanceOf(RangeError);
    expect(error.cause.message).toBe('at load');
  });

  test('that defines other jobs names them', async () => {
    const stranger = variant(echo, { name: 'stranger' });
    const error = await caught(makeQueue().run(stranger, 1));
    expect(error).toBeInstanceOf(ModuleError);
    expect(error.message).toContain('"stranger"');
    expect(error.message).toMatch(/it defines .*"other"/);
  });

  test('among the jobs of a queue does not stop the others', async () => {
    const queue = makeQueue({ jobs: [variant(echo, { module: moduleOf('process.exit(4)') }), other] });
    expect(await queue.run(other, 1)).toBe(1);
  });
});
