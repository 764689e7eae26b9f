import { expect, test } from 'vitest';
import { speaksWhenSeen } from '../fixtures/looked-at.job.js';
import { caught, makeGate, makeQueue, until } from '../helpers.js';

/** How often the handler was asked by somebody who looks where it is. */
const looksAt = (memory: SharedArrayBuffer) => Atomics.load(new Int32Array(memory), 2);

test('a job that is looked at and goes on is heard meanwhile; one that is over its limit says nothing more', async () => {
  const queue = makeQueue();
  const told: unknown[] = [];
  queue.on('progress', (_job, value) => void told.push(value));

  const asked = makeGate();
  const goesOn = await queue.add(speaksWhenSeen, { gate: asked.memory });
  await until(() => asked.arrivals === 1);
  await queue.inspect(goesOn.id);
  await until(() => told.length > 0);
  expect(goesOn.logs[0]).toMatch(/info look 1$/);
  goesOn.cancel();
  await caught(goesOn.result());

  told.length = 0;
  const over = makeGate();
  const job = await queue.add(speaksWhenSeen, { gate: over.memory }, { timeout: 50 });
  expect(await caught(job.result())).toMatchObject({ code: 'ERR_TIMEOUT', postMortem: { kind: 'cpu' } });
  expect(looksAt(over.memory)).toBeGreaterThan(0);
  expect([told, job.logs, job.progress]).toEqual([[], [], undefined]);
});
