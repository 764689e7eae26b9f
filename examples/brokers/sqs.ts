import type { JobQueue } from 'threadmill';
import { convert } from './convert.job.js';

/** A message, as `ReceiveMessageCommand` gives it. */
export interface Message {
  Body?: string;
  ReceiptHandle?: string;
}

/** What is used of SQS: `client.send` of the commands of these names. */
export interface Sqs {
  deleteMessage(receiptHandle: string): Promise<unknown>;
  /** `ChangeMessageVisibility`: nobody else gets the message for so many seconds from now. */
  changeMessageVisibility(receiptHandle: string, seconds: number): Promise<unknown>;
}

/**
 * Runs a message as a job. It stays invisible to others while the job waits and runs; it is deleted when the job has completed; and when
 * it failed for good it is visible at once, so that the redrive policy counts it and moves it to the dead-letter queue.
 */
export async function handle(queue: JobQueue, sqs: Sqs, message: Message, visibility = 30): Promise<void> {
  const { Body = '', ReceiptHandle = '' } = message;
  const controller = new AbortController();
  const extend = setInterval(
    () => {
      // Somebody else may have it now: what runs here is not needed.
      sqs.changeMessageVisibility(ReceiptHandle, visibility).catch((error: unknown) => controller.abort(error));
    },
    (visibility * 1_000) / 3,
  );
  try {
    await queue.run(convert, JSON.parse(Body), { signal: controller.signal });
    await sqs.deleteMessage(ReceiptHandle);
  } catch {
    if (!controller.signal.aborted) await sqs.changeMessageVisibility(ReceiptHandle, 0);
  } finally {
    clearInterval(extend);
  }
}
