import { type JobQueue, QueueClosedError } from 'threadmill';
import { convert } from './convert.job.js';
import { OffsetTracker } from './offset-tracker.js';

/** What is used of a consumer, as kafkajs has it. */
export interface Consumer {
  commitOffsets(offsets: { topic: string; partition: number; offset: string }[]): Promise<void>;
  pause(topics: { topic: string; partitions: number[] }[]): void;
  resume(topics: { topic: string; partitions: number[] }[]): void;
}

/** A message, as kafkajs gives it to `eachMessage`. */
export interface Message {
  topic: string;
  partition: number;
  message: { offset: string; value: Buffer | null };
}

/** Messages of one partition that may be open at once: what is read again at most after a crash, and what waits in memory. */
const MOST_OPEN = 100;

/**
 * Runs messages as jobs, many of a partition at once, and commits offsets in their order. `subscribe` with `autoCommit: false`. A job that
 * failed for good goes to `failed`, such as a topic of its own; when that rejects, its offset is not committed, nor is any after it.
 */
export function eachMessage(queue: JobQueue, consumer: Consumer, failed: (message: Message, error: unknown) => Promise<void>) {
  const trackers = new Map<string, OffsetTracker>();
  const commit = async ({ topic, partition }: Message, tracker: OffsetTracker) => {
    const offset = tracker.take();
    if (offset !== undefined) await consumer.commitOffsets([{ topic, partition, offset: `${offset}` }]);
  };
  const end = async (message: Message, tracker: OffsetTracker, result: Promise<unknown>) => {
    try {
      await result.catch((error: unknown) => {
        // It has not failed: it is read again.
        if (error instanceof QueueClosedError) throw error;
        return failed(message, error);
      });
      tracker.end(BigInt(message.message.offset));
      const { topic, partition } = message;
      if (tracker.open === MOST_OPEN - 1) consumer.resume([{ topic, partitions: [partition] }]);
      await commit(message, tracker);
    } catch (error) {
      console.error(`offset ${message.message.offset} is not committed, nor any after it`, error);
    }
  };
  return async (message: Message): Promise<void> => {
    const { topic, partition } = message;
    const key = `${topic} ${partition}`;
    const tracker = trackers.get(key) ?? new OffsetTracker();
    trackers.set(key, tracker);
    tracker.begin(BigInt(message.message.offset));
    if (tracker.open >= MOST_OPEN) consumer.pause([{ topic, partitions: [partition] }]);
    // Waits for room in the queue, and not for the job: then the next message comes.
    const added = Promise.resolve()
      .then(() => queue.add(convert, JSON.parse(String(message.message.value)), { deadLetter: false }))
      .catch((error: unknown) => ({ result: () => Promise.reject(error) }));
    void end(message, tracker, (await added).result());
  };
}
