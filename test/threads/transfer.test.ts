import { NotCloneableError, OptionsError, OutputError } from 'threadmill';
import { describe, expect, test } from 'vitest';
import { echo } from '../fixtures/answers.job.js';
import { adds } from '../fixtures/limited.job.js';
import { left, moves, movesChecked, movesPooled, movesSync, movesWrong } from '../fixtures/moves.job.js';
import { caught, makeQueue } from '../helpers.js';

const MB = 1024 * 1024;

describe('a result', () => {
  test('is moved: the thread has no copy of its buffer left', async () => {
    const queue = makeQueue();
    const { bytes } = (await queue.run(moves, { bytes: 4 * MB })) as { bytes: Uint8Array };
    expect([bytes.byteLength, bytes[0], bytes.at(-1)]).toEqual([4 * MB, 7, 7]);
    expect(await queue.run(left, null)).toBe(0);
  });

  test('is moved from a batch too, each its own', async () => {
    const queue = makeQueue();
    const jobs = await queue.addBulk(
      movesSync,
      Array.from({ length: 50 }, (_, n) => ({ bytes: n + 1 })),
    );
    const results = (await Promise.all(jobs.map((job) => job.result()))) as Uint8Array[];
    expect(results.map(({ byteLength }) => byteLength)).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
    expect(results.every((bytes) => bytes.every((byte) => byte === 8))).toBe(true);
    expect(await queue.run(left, null)).toBe(0);
  });

  test('passes the output schema and is still moved', async () => {
    const queue = makeQueue();
    expect(await queue.run(movesChecked, { bytes: 5 })).toEqual({ bytes: new Uint8Array(5).fill(9), note: 'checked' });
    expect(await queue.run(left, null)).toBe(0);
    expect(await caught(queue.run(movesChecked, { bytes: 5, bad: true }))).toBeInstanceOf(OutputError);
  });

  test('that was moved before is a NotCloneableError', async () => {
    const queue = makeQueue();
    await queue.run(moves, { bytes: 8 });
    expect(await caught(queue.run(moves, { again: true }))).toBeInstanceOf(NotCloneableError);
  });

  test('that cannot be moved arrives all the same', async () => {
    const queue = makeQueue();
    const bytes = (await queue.run(movesPooled, null)) as Uint8Array;
    expect(Buffer.from(bytes).toString()).toBe('a text in the pool of Node.js');
    expect(await queue.run(echo, Buffer.from('still'))).toEqual(new Uint8Array(Buffer.from('still')));
  });

  test('with something else than a buffer to move is an OptionsError', async () => {
    const error = await caught(makeQueue().run(movesWrong, null));
    expect(error).toBeInstanceOf(OptionsError);
    expect(error.message).toMatch('given [object Uint8Array]');
  });
});

describe('an input', () => {
  test('is moved with one attempt', async () => {
    const queue = makeQueue();
    const bytes = new Uint8Array(MB).fill(3);
    const output = await queue.run(echo, bytes, { maxAttempts: 1, transfer: [bytes.buffer] });
    expect([bytes.byteLength, output.byteLength, output[0]]).toEqual([0, MB, 3]);
  });

  test('is not moved when there could be another attempt', async () => {
    const queue = makeQueue();
    const { buffer } = new Uint8Array(8);
    const error = await caught(queue.add(echo, buffer, { transfer: [buffer] }));
    expect(error).toBeInstanceOf(OptionsError);
    expect(error.message).toMatch('a transferred buffer is gone for another attempt');
    expect(buffer.byteLength).toBe(8);
  });

  test('in shared memory is not copied, not counted, and good for every attempt', async () => {
    const queue = makeQueue({ maxInputBytes: 1_000 });
    const shared = new SharedArrayBuffer(MB);
    expect(await queue.run(adds, { shared, failures: 2 })).toBe(true);
    expect(new Int32Array(shared)[0]).toBe(3);
  });
});
