import { getEventListeners } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { echo } from '../fixtures/answers.job.js';
import { caught, isCollected, makeQueue } from '../helpers.js';

test('a text is a source of its characters, as it is for every loop', async () => {
  const queue = makeQueue();
  const outputs: unknown[] = [];
  for await (const output of queue.map(echo, 'añ😀')) outputs.push(output);
  expect(outputs).toEqual(['a', 'ñ', '😀']);
});

test('one signal ends many maps at once, without a warning, and is left alone by those that have ended', async () => {
  const queue = makeQueue();
  const warnings: unknown[] = [];
  const listener = (warning: unknown) => void warnings.push(warning);
  process.on('warning', listener);
  onTestFinished(() => void process.off('warning', listener));
  const controller = new AbortController();
  const { signal } = controller;
  const maps = Array.from({ length: 40 }, () => queue.map(echo, [1, 2, 3], { signal, concurrency: 1 }));
  expect((await Promise.all(maps.map((map) => map.next()))).map(({ value }) => value)).toEqual(maps.map(() => 1));
  await Promise.all(maps.slice(0, 20).map((map) => map.return()));
  const ends = maps.slice(20).map((map) =>
    caught(
      map
        .next()
        .then(() => map.next())
        .then(() => map.next()),
    ),
  );
  controller.abort('enough');
  for (const error of await Promise.all(ends)) expect(error).toMatchObject({ code: 'ERR_CANCELLED', reason: 'enough' });
  for (const map of maps.slice(0, 20)) expect(await map.next()).toEqual({ done: true, value: undefined });
  await new Promise((resolve) => setImmediate(resolve));
  expect(warnings).toEqual([]);
});

test('a map that has ended leaves no listener on its signal', async () => {
  const queue = makeQueue();
  const { signal } = new AbortController();
  for await (const _ of queue.map(echo, [1, 2, 3], { signal }));
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('a map that is let go half-way is kept by nobody, its signal neither', async () => {
  const queue = makeQueue();
  const begin = async () => {
    const { signal } = new AbortController();
    const { value } = await queue.map(echo, [1, 2, 3], { signal, concurrency: 1 }).next();
    expect(value).toBe(1);
    return new WeakRef(signal);
  };
  const signal = await begin();
  await queue.idle();
  expect(await isCollected(signal)).toBe(true);
});
