import { type Job, type JobDefinition, ModuleError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { echo } from '../fixtures/answers.job.js';
import { awaitsForEver, computesForEver } from '../fixtures/loading.job.js';
import { caught, expectBalanced, makeQueue, variant } from '../helpers.js';

function recorder() {
  const lines: { level: string; fields: any; text: string | undefined }[] = [];
  const at = (level: string) => (fields: object, text?: string) => void lines.push({ level, fields, text });
  return { lines, logger: { trace: at('trace'), debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}

describe.each<[string, JobDefinition]>([
  ['awaits what never comes', awaitsForEver],
  ['computes for ever', computesForEver],
])('a module that %s', (_what, bad) => {
  test('fails its job after its loadTimeout, and a warning comes before', async () => {
    const { lines, logger } = recorder();
    const queue = makeQueue({ logger });
    const error = await caught(queue.run(bad, 1));
    expect(error).toBeInstanceOf(ModuleError);
    expect(error.message).toContain(`the module of job "${bad.name}" did not finish loading within 300 ms`);
    const warning = lines.find(({ text }) => text?.includes('has been loading for half its loadTimeout'));
    expect(warning).toMatchObject({ level: 'warn', fields: { job: bad.name, loadTimeout: 300 } });
    expect(await queue.run(echo, 1)).toBe(1);
    expectBalanced(queue);
  });

  test('among the jobs of a queue has its time once: its waiting jobs end with it, the others run', async () => {
    const { lines, logger } = recorder();
    const queue = makeQueue({ logger, jobs: [bad, echo] });
    const loads: unknown[] = [];
    const jobs: Job[] = await queue.addBulk(bad, [1, 2]);
    const innocent = await queue.add(echo, 'innocent');
    queue.on('active', (job) => loads.push(job.name));
    expect(await caught(queue.ready())).toBeInstanceOf(ModuleError);
    for (const job of jobs)
      expect(await caught(job.result())).toMatchObject({ code: 'ERR_MODULE', jobId: job.id, jobName: bad.name, attempt: 1 });
    expect(await innocent.result()).toBe('innocent');
    expect(loads, 'none was sent to a thread, to load it again').toEqual(['echo']);
    expect(lines.filter(({ text }) => text?.includes('half its loadTimeout'))).toHaveLength(1);
    expectBalanced(queue);
  });
});

test('a module that takes longer than half its time loads', async () => {
  const slow = variant(echo, {
    module: `data:text/javascript,${encodeURIComponent(`await new Promise((resolve) => setTimeout(resolve, 200)); export * from ${JSON.stringify(echo.module)}`)}`,
    loadTimeout: 20_000,
  });
  expect(await makeQueue({ jobs: [slow] }).run(slow, 1)).toBe(1);
});
