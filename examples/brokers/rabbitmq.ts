import type { Channel, ConsumeMessage } from 'amqplib';
import { type JobQueue, QueueClosedError } from 'threadmill';
import { convert } from './convert.job.js';

/** Messages that are here and not acknowledged: those that run, and as many that wait for a thread. */
export const prefetchFor = (threads: number): number => 2 * threads;

/**
 * Runs the messages of a queue as jobs. A message is acknowledged when its job has completed, and not before: RabbitMQ gives it to somebody
 * else when this process dies. One that failed for good is refused, and goes to the queue's dead-letter exchange.
 */
export async function consume(queue: JobQueue, channel: Channel, from: string, threads: number): Promise<void> {
  await channel.prefetch(prefetchFor(threads));
  await channel.consume(from, (message) => {
    if (message !== null) void run(queue, channel, message);
  });
}

async function run(queue: JobQueue, channel: Channel, message: ConsumeMessage): Promise<void> {
  try {
    await queue.run(convert, JSON.parse(String(message.content)), { maxAttempts: 2 });
    channel.ack(message);
  } catch (error) {
    // A queue that closes gives it back; anything else has failed for good.
    channel.nack(message, false, error instanceof QueueClosedError);
  }
}
