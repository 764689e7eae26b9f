import type { JobQueue, QueueOptions } from '../index.js';
import type { Row } from './row.js';

/** Somebody who looks on while a queue is measured. */
export interface Observer {
  /** What its queue needs. */
  readonly options?: QueueOptions;
  /** The queue is made, and its threads start. */
  opened?(queue: JobQueue, name: string): void;
  /** The jobs that count begin. */
  started?(): Promise<void>;
  /** They have ended; what it learned it may write on the row. */
  ended?(row: Row): Promise<void>;
  /** The queue is closed, or about to be because something failed. */
  closed?(): void;
}
