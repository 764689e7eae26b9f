import { expect, test } from 'vitest';
import { echo, hold } from '../fixtures/answers.job.js';
import { caught, makeGate, makeQueue, next } from '../helpers.js';

test('close with drain "active" tells the callers of waiting jobs at once', async () => {
  const queue = makeQueue();
  const gate = makeGate();
  const active = queue.run(hold, { gate: gate.memory, value: 'done' });
  await next(queue, 'progress');
  const waiting = await queue.add(echo, 1);
  const delayed = await queue.add(echo, 2, { delay: 60_000 });
  const told = [caught(waiting.result()), caught(delayed.result())];
  const closed = queue.close({ drain: 'active' });
  for (const error of await Promise.all(told)) expect(error).toHaveProperty('code', 'ERR_QUEUE_CLOSED');
  gate.open();
  expect(await active).toBe('done');
  expect((await closed).unfinished.map(({ id }) => id)).toEqual([waiting.id, delayed.id]);
});
