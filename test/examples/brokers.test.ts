import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { JobQueue } from 'threadmill';
import { createTestQueue, type TestQueue } from 'threadmill/testing';
import { afterAll, beforeAll, describe, expect, it, test, vi } from 'vitest';
import { eachMessage, type Message } from '../../examples/brokers/kafka.js';
import { OffsetTracker } from '../../examples/brokers/offset-tracker.js';
import { handle } from '../../examples/brokers/sqs.js';
import { closeAfterwards, thrownBy } from '../helpers.js';

describe('an OffsetTracker', () => {
  /** Offsets with gaps, and in which order they end, some of them never. */
  const partition = fc
    .array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 30 })
    .map((gaps) => {
      let offset = 0n;
      return gaps.map((gap) => (offset += BigInt(gap)));
    })
    .chain((offsets) => fc.tuple(fc.constant(offsets), fc.shuffledSubarray(offsets)));

  it('never gives an offset beyond one that has not ended, and always the furthest', () => {
    fc.assert(
      fc.property(partition, ([offsets, ending]) => {
        const tracker = new OffsetTracker();
        for (const offset of offsets) tracker.begin(offset);
        const open = new Set(offsets);
        let committed = offsets[0];
        for (const offset of ending) {
          tracker.end(offset);
          open.delete(offset);
          const [first = (offsets.at(-1) as bigint) + 1n] = open;
          expect(tracker.take()).toBe(first === committed ? undefined : first);
          committed = first;
        }
        expect(tracker.open).toBe(open.size);
      }),
    );
  });

  it('loses nothing, whenever the consumer dies: all that had not ended is read again', () => {
    fc.assert(
      fc.property(partition, ([offsets, ending]) => {
        const tracker = new OffsetTracker();
        const begun: bigint[] = [];
        let from = offsets[0];
        const left = [...ending];
        for (const offset of offsets) {
          tracker.begin(offset);
          begun.push(offset);
          while (left.length > 0 && begun.includes(left[0])) {
            tracker.end(left.shift() as bigint);
            from = tracker.take() ?? from;
          }
        }
        const ended = ending.slice(0, ending.length - left.length);
        for (const offset of offsets) if (!ended.includes(offset)) expect(offset).toBeGreaterThanOrEqual(from);
      }),
    );
  });

  it('refuses what has not begun, has ended, or comes too late', () => {
    const tracker = new OffsetTracker();
    expect(tracker.take()).toBe(undefined);
    tracker.begin(5n);
    expect(thrownBy(() => tracker.begin(5n)).message).toBe('offset 5 came after 5');
    expect(thrownBy(() => tracker.end(6n)).message).toBe('offset 6 has not begun, or has ended');
    tracker.end(5n);
    expect(thrownBy(() => tracker.end(5n))).toBeInstanceOf(RangeError);
    expect([tracker.take(), tracker.take()]).toEqual([6n, undefined]);
  });
});

describe('messages as jobs', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'threadmill-brokers-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const makeQueue = () => {
    const queue: TestQueue = closeAfterwards(createTestQueue({ mode: 'manual' }));
    return queue;
  };
  /** With the second attempts of those that fail. */
  const drain = (queue: TestQueue) => queue.drain({ withRetries: true });
  const bodyOf = (id: string) => JSON.stringify({ id, rounds: 1, out: join(folder, 'out') });

  describe('of Kafka', () => {
    const start = (queue: JobQueue, failed = async (_message: Message, _error: unknown) => {}) => {
      const committed: string[] = [];
      const calls: string[] = [];
      const consumer = {
        commitOffsets: async ([{ offset }]: { offset: string }[]) => void committed.push(offset),
        pause: () => void calls.push('pause'),
        resume: () => void calls.push('resume'),
      };
      const take = eachMessage(queue, consumer, failed);
      const send = (offset: number, body = bodyOf(`good-${offset}`)) =>
        take({ topic: 't', partition: 0, message: { offset: String(offset), value: Buffer.from(body) } });
      return { committed, calls, send };
    };

    test('are committed in their order, though their jobs end out of it', async () => {
      const queue = makeQueue();
      const { committed, send } = start(queue);
      await Promise.all([send(7), send(8), send(9)]);
      const [first, second, third] = queue.list('waiting');
      // Removed from the line, as if it took longer.
      await queue.pause();
      for (const job of [third, second]) job.cancel('ended');
      await vi.waitFor(() => expect(queue.list('cancelled')).toHaveLength(2));
      expect(committed).toEqual([]);
      await queue.resume();
      await drain(queue);
      await first.result();
      await vi.waitFor(() => expect(committed).toEqual(['10']));
    });

    test('are read again where the queue was closed first, and those behind them too', async () => {
      const queue = makeQueue();
      const { committed, send } = start(queue);
      const told = vi.spyOn(console, 'error').mockImplementation(() => {});
      await send(1);
      await queue.close({ drain: 'none' });
      await send(2);
      await vi.waitFor(() => expect(told).toHaveBeenCalledTimes(2));
      told.mockRestore();
      expect(committed).toEqual([]);
    });

    test('that fail, or are no jobs, are told of, and committed', async () => {
      const queue = makeQueue();
      const failed: string[] = [];
      const { committed, send } = start(
        queue,
        async ({ message }, error) => void failed.push(`${message.offset}: ${(error as Error).name}`),
      );
      await send(1, 'not json');
      await send(2, '{}');
      await send(3, bodyOf('bad-3'));
      await drain(queue);
      await vi.waitFor(() => expect(committed.at(-1)).toBe('4'));
      expect(failed.sort()).toEqual(['1: SyntaxError', '2: InputError', '3: Error']);
    });

    test('are no more at once than shall be read again', async () => {
      const queue = makeQueue();
      const { calls, send } = start(queue);
      for (let offset = 0; offset < 100; offset++) await send(offset);
      expect(calls).toEqual(['pause']);
      await drain(queue);
      await vi.waitFor(() => expect(calls).toEqual(['pause', 'resume']));
    });
  });

  describe('of SQS', () => {
    const fake = (fails = false) => {
      const calls: string[] = [];
      const changeMessageVisibility = async (handle: string, seconds: number) => {
        calls.push(`${handle} ${seconds}`);
        if (fails) throw new Error('the handle has expired');
      };
      return { calls, deleteMessage: async (handle: string) => void calls.push(`${handle} deleted`), changeMessageVisibility };
    };

    test('are deleted when their job has completed', async () => {
      const queue = makeQueue();
      const sqs = fake();
      const handled = handle(queue, sqs, { Body: bodyOf('good'), ReceiptHandle: 'r' });
      await drain(queue);
      await handled;
      expect(sqs.calls).toEqual(['r deleted']);
    });

    test('are visible at once when it failed, or they are no job', async () => {
      const queue = makeQueue();
      for (const Body of [bodyOf('bad'), 'not json']) {
        const sqs = fake();
        const handled = handle(queue, sqs, { Body, ReceiptHandle: 'r' });
        await drain(queue);
        await handled;
        expect(sqs.calls).toEqual(['r 0']);
      }
    });

    test('stay invisible while it waits and runs; one that somebody else has is cancelled', async () => {
      const queue = makeQueue();
      const [kept, lost] = [fake(), fake(true)];
      // A third of it is 10 ms.
      const handled = [kept, lost].map((sqs) => handle(queue, sqs, { Body: bodyOf('good'), ReceiptHandle: 'r' }, 0.03));
      await vi.waitFor(() => expect(kept.calls.length).toBeGreaterThan(2));
      await handled[1];
      expect(new Set(lost.calls)).toEqual(new Set(['r 0.03']));
      expect(queue.list('cancelled')).toHaveLength(1);
      await drain(queue);
      await handled[0];
      expect(kept.calls.at(-1)).toBe('r deleted');
    });
  });
});
