/** How an attempt ended. `interrupted`: its thread died because of another job; it costs no attempt. */
export type Outcome = 'completed' | 'failed' | 'timed-out' | 'crashed' | 'cancelled' | 'interrupted';

/** One execution of a job's handler. */
export interface Attempt {
  /** From 1. */
  readonly number: number;
  readonly outcome: Outcome;
  readonly error?: unknown;
  /** Milliseconds since 1970; when the thread started the handler. */
  readonly startedAt: number;
  /** Run time in milliseconds. */
  readonly duration: number;
  /** `worker.threadId` of the thread it ran on. */
  readonly threadId: number;
  /**
   * Milliseconds for which its thread had a CPU: little of a long `duration` is waiting. As exact as the kernel counts, often by 4 ms.
   * Known of attempts of 5 ms and more, on Linux and where Node.js has `process.threadCpuUsage`; of a killed one on Linux only.
   * Not of one that runs far longer than all of its definition that ran on its thread just before.
   */
  readonly cpuTime?: number;
  /** Bytes of its thread's heap in use when it ended, or when it was looked at to be killed. Of attempts of 5 ms and more. */
  readonly heapUsed?: number;
}
