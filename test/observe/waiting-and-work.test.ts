import { expect, test } from 'vitest';
import { makeGate, makeQueue, until } from '../helpers.js';
import { flaky, hold } from '../opentelemetry/fixtures/traced.job.js';

test('stats() says how long the oldest has waited: since it was ready, and not since it was added', async () => {
  const queue = makeQueue();
  expect(queue.stats().oldestWaiting).toBe(0);
  queue.pause();
  const added = performance.now();
  const late = await queue.add(flaky, 0, { delay: 100 });
  await until(() => late.state === 'waiting');
  const { oldestWaiting } = queue.stats();
  const early = performance.now();
  expect(oldestWaiting).toBeLessThanOrEqual(early - added - 99);
  await queue.add(flaky, 0);
  await until(() => performance.now() - early > 30);
  expect(queue.stats().oldestWaiting).toBeGreaterThanOrEqual(30);
  late.cancel();
  for (const job of queue.list('waiting')) job.cancel();
  expect(queue.stats().oldestWaiting).toBe(0);
});

test('stats() says what share of thread time was spent at work', async () => {
  const queue = makeQueue({ threads: 2 });
  await queue.ready();
  const gate = makeGate();
  const holding = queue.run(hold, gate.memory);
  await until(() => gate.arrivals === 1);
  const before = queue.stats().threads.utilization;
  const start = performance.now();
  await until(() => performance.now() - start > 100);
  const after = queue.stats().threads.utilization;
  expect(after).toBeGreaterThan(before);
  expect(after).toBeLessThan(0.5);
  gate.open();
  await holding;
});
