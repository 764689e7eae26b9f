// Mistakes, each with what the compiler says of it in its own place; `messages.test.ts` compares. Not part of any other check.
import { type AnyJobQueue, defineJob, JobQueue } from 'threadmill';
import { z } from 'zod';

const module = import.meta.url;
const input = z.object({ path: z.string() });
const output = z.object({ size: z.number() });
const queue = new JobQueue();
const render = defineJob({ name: 'render', module, input, run: async ({ path }) => ({ html: path }) });
const report = defineJob({ name: 'report', module, input: z.object({ days: z.number().default(1) }), run: ({ days }) => days });

/// Object literal may only specify known properties, but 'timeOut' does not exist in type 'DefineJobOptions<…>'. Did you mean to write 'timeout'?
defineJob({ name: 'a', module, input, run: () => 1, timeOut: 3 });
/// Type 'string' is not assignable to type 'number'.
defineJob({ name: 'a', module, input, run: () => 1, timeout: '3' });
/// Type '"exactly-once"' is not assignable to type '"at-least-once" | "at-most-once" | undefined'.
defineJob({ name: 'a', module, input, run: () => 1, delivery: 'exactly-once' });
/// Type 'string' is not assignable to type 'Backoff | undefined'.
defineJob({ name: 'a', module, input, run: () => 1, backoff: 'slow' });
/// Property 'run' is missing in type '{…}' but required in type 'DefineJobOptions<…>'.
defineJob({ name: 'a', module, input });
/// Property 'input' is missing in type '{…}' but required in type 'DefineJobOptions<…>'.
defineJob({ name: 'a', module, run: () => 1 });
/// Property 'file' does not exist on type '{ path: string; }'.
defineJob({ name: 'a', module, input, run: ({ file }) => file });
/// Type 'string' is not assignable to type 'number'.
defineJob({ name: 'a', module, input, output, run: () => ({ size: 'one' }) });
/// Property 'path' is missing in type '{}' but required in type '{ path: string; }'.
queue.add(render, {});
/// Type 'number' is not assignable to type 'string'.
queue.run(render, { path: 1 });
/// Object literal may only specify known properties, and 'prio' does not exist in type 'AddOptions'.
queue.add(render, { path: 'a' }, { prio: 1 });
/// Object literal may only specify known properties, but 'thread' does not exist in type 'QueueOptions'. Did you mean to write 'threads'?
new JobQueue({ thread: 1 });
/// Argument of type '{ cron: string; every: number; }' is not assignable to parameter of type 'ScheduleOptions'.
queue.schedule(render, { path: 'a' }, { cron: '* * * * *', every: 3 });
/// Argument of type '"typo"' is not assignable to parameter of type '"active" | "added" | "cancelled" | "completed" | …'.
queue.on('typo', () => {});
/// Argument of type '(job: number) => number' is not assignable to parameter of type '(job: Job<unknown, unknown>) => void'.
queue.on('completed', (job: number) => job);
/// Type 'PlainJobDefinition<{ path: string; }, { html: string; }>' is not assignable to type 'number'.
export const shown: number = render;
/// Type 'JobDefinition<{ days?: number | undefined; }, { days: number; }, number>' is not assignable to type 'number'.
export const shownWithDefault: number = report;
/// Type 'Job<{ path: string; }, { html: string; }>' is not assignable to type 'number'.
export const job: number = await queue.add(render, { path: 'a' });
/// Property 'pdf' does not exist on type '{ html: string; }'.
export const { pdf } = await queue.run(render, { path: 'a' });

/** An engine that may keep its jobs in another process. */
declare const anyQueue: AnyJobQueue;
/// Object literal may only specify known properties, and 'group' does not exist in type 'AnyAddOptions'.
anyQueue.add(render, { path: 'a' }, { group: 'customer 7' });
/// Object literal may only specify known properties, and 'transfer' does not exist in type 'AnyAddOptions'.
anyQueue.add(render, { path: 'a' }, { transfer: [new ArrayBuffer(1)] });
/// Type '(attempt: number) => number' is not assignable to type '{ type: "exponential"; delay?: number | undefined; factor?: number | undefined; maxDelay?: number | undefined; jitter?: number | undefined; } | { type: "fixed"; delay?: number | undefined; jitter?: number | undefined; } | undefined'.
anyQueue.add(render, { path: 'a' }, { backoff: (attempt: number) => attempt * 10 });
/// Object literal may only specify known properties, and 'group' does not exist in type 'AnyRepeatOptions'.
anyQueue.schedule(render, { path: 'a' }, { every: 3 }, { group: 'customer 7' });
/// Argument of type '"cancelled"' is not assignable to parameter of type 'ListedState'.
anyQueue.list('cancelled');
