import { defineJob, type InputOf, type Job, type JobContext, JobQueue, type JobSnapshot, type OutputOf, type QueueStats } from 'threadmill';
import * as v from 'valibot';
import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import type { sum } from '../fixtures/schemas.job.js';

const module = import.meta.url;
const input = z.object({ path: z.string(), times: z.number().default(1) });

const render = defineJob({ name: 'render', module, input, run: async ({ path, times }) => ({ html: path.repeat(times) }) });
const measured = defineJob({
  name: 'measured',
  module,
  input: v.object({ text: v.string() }),
  output: v.pipe(
    v.object({ size: v.string() }),
    v.transform(({ size }) => ({ size: Number(size) })),
  ),
  run: ({ text }) => ({ size: String(text.length) }),
});

/** Never called: what is in here is checked by tsc only. */
async function compiled(queue: JobQueue): Promise<void> {
  // @ts-expect-error: the input lacks its path
  await queue.add(render, {});
  // @ts-expect-error: the path is no number
  await queue.run(render, { path: 1 });
  // @ts-expect-error: one of the inputs is wrong
  await queue.addBulk(render, [{ path: 'a' }, { path: 2 }]);
  const { html } = await queue.run(render, { path: 'a' });
  html.toUpperCase();
  // @ts-expect-error: the output has no such field
  (await queue.run(render, { path: 'a' })).pdf;
  // @ts-expect-error: the result of a job handle has no such field either
  (await (await queue.add(render, { path: 'a' })).result()).pdf;
  // @ts-expect-error: unknown option
  await queue.add(render, { path: 'a' }, { prio: 1 });
  // @ts-expect-error: unknown option
  new JobQueue({ thread: 1 });
  // @ts-expect-error: a wrong word
  await queue.close({ drain: 'some' });
  // @ts-expect-error: no such event
  queue.on('done', () => {});
  // @ts-expect-error: the job of an event is a Job, not a number
  queue.on('completed', (job: number) => job);
  // @ts-expect-error: no such state
  queue.list('done');
  // @ts-expect-error: unknown option
  defineJob({ name: 'a', module, input, run: () => 1, timeOut: 3 });
  // @ts-expect-error: no such delivery
  defineJob({ name: 'a', module, input, run: () => 1, delivery: 'exactly-once' });
  // @ts-expect-error: a handler is needed
  defineJob({ name: 'a', module, input });
  // @ts-expect-error: a schema is needed
  defineJob({ name: 'a', module, run: () => 1 });
  // @ts-expect-error: the handler reads a field that the schema does not have
  defineJob({ name: 'a', module, input, run: ({ file }) => file });
  // @ts-expect-error: the output schema wants a number
  defineJob({ name: 'a', module, input, output: z.object({ n: z.number() }), run: () => ({ n: 'one' }) });
  // @ts-expect-error: the output schema wants a number, also of a promise
  defineJob({ name: 'a', module, input, output: z.object({ n: z.number() }), run: async () => ({ n: 'one' }) });
  // @ts-expect-error: a backoff is no text
  defineJob({ name: 'a', module, input, run: () => 1, backoff: 'slow' });
}

test('wrong uses do not compile', () => {
  expectTypeOf(compiled).toBeFunction();
});

test('input is what goes into the schema, output what run returns', () => {
  expectTypeOf<InputOf<typeof render>>().toEqualTypeOf<{ path: string; times?: number | undefined }>();
  expectTypeOf<OutputOf<typeof render>>().toEqualTypeOf<{ html: string }>();
});

test('with an output schema the output is what comes out of it', () => {
  expectTypeOf<InputOf<typeof measured>>().toEqualTypeOf<{ text: string }>();
  expectTypeOf<OutputOf<typeof measured>>().toEqualTypeOf<{ size: number }>();
});

test('a handler gets the parsed input and a context', () => {
  defineJob({
    name: 'a',
    module,
    input,
    run: (parsed, context) => {
      expectTypeOf(parsed).toEqualTypeOf<{ path: string; times: number }>();
      expectTypeOf(context).toEqualTypeOf<JobContext>();
    },
  });
});

test('a queue gives what the definition says', () => {
  const add = (queue: JobQueue) => queue.add(render, { path: 'a' });
  const run = (queue: JobQueue) => queue.run(render, { path: 'a' });
  const bulk = (queue: JobQueue) => queue.addBulk(render, [{ path: 'a' }]);
  expectTypeOf(add).returns.toEqualTypeOf<Promise<Job<{ path: string; times: number }, { html: string }>>>();
  expectTypeOf(run).returns.toEqualTypeOf<Promise<{ html: string }>>();
  expectTypeOf(bulk).returns.toEqualTypeOf<Promise<Job<{ path: string; times: number }, { html: string }>[]>>();
  expectTypeOf<JobQueue['stats']>().returns.toEqualTypeOf<QueueStats>();
  expectTypeOf<Awaited<ReturnType<JobQueue['close']>>>().toEqualTypeOf<{ unfinished: JobSnapshot[] }>();
});

test('definitions in JavaScript are inferred too', () => {
  expectTypeOf<InputOf<typeof sum>>().toEqualTypeOf<{ a: number; b?: number | undefined }>();
  expectTypeOf<OutputOf<typeof sum>>().toEqualTypeOf<{ total: number }>();
});

test('events carry their arguments', () => {
  const listen = (queue: JobQueue) => {
    queue.on('retrying', (job, error, delay) => {
      expectTypeOf(job).toEqualTypeOf<Job>();
      expectTypeOf(error).toEqualTypeOf<unknown>();
      expectTypeOf(delay).toEqualTypeOf<number>();
    });
    queue.on('thread-killed', ({ threadId, reason, jobId }) => {
      expectTypeOf(threadId).toEqualTypeOf<number>();
      expectTypeOf(reason).toExtend<string>();
      expectTypeOf(jobId).toEqualTypeOf<string | undefined>();
    });
  };
  expectTypeOf(listen).toBeFunction();
});

test('what setup returns is the resource of the handler and of teardown', () => {
  const definition = defineJob({
    name: 'with-resource',
    module: import.meta.url,
    input: z.object({}),
    setup: async ({ data }) => ({ size: Number(data) }),
    teardown: (resource) => {
      expectTypeOf(resource).toEqualTypeOf<{ size: number }>();
    },
    run: (_input, { resource }) => {
      expectTypeOf(resource).toEqualTypeOf<{ size: number }>();
      return resource.size;
    },
  });
  expectTypeOf<OutputOf<typeof definition>>().toEqualTypeOf<number>();
});
