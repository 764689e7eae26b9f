import { Job } from 'bullmq';
import type * as internals from '../internals.js';
import { type Connection, FIELDS } from './connection.js';
import { changedByJson, packV8 } from './json.js';
import type { TakenJob } from './taken-job.js';

/** Lines of a job's log that Redis keeps. */
const LINES = 100;

/**
 * Writes to Redis what a handler says: of progress and checkpoint the newest, one write at a time, so a handler that says
 * much costs no more than Redis can take.
 */
export class Said {
  readonly #connection: Connection;
  readonly #taken: TakenJob;
  readonly #failed: (error: unknown) => void;
  #progress: { value: unknown } | undefined;
  #checkpoint: { value: unknown } | undefined;
  #lines: string[] = [];
  #writing: Promise<void> | undefined;

  constructor(connection: Connection, taken: TakenJob, failed: (error: unknown) => void) {
    this.#connection = connection;
    this.#taken = taken;
    this.#failed = failed;
  }

  hear(message: internals.HandlerMessage, line: (args: unknown[], level: string) => string): void {
    if (message.type === 'log') {
      this.#lines.push(line(message.args, message.level));
      if (this.#lines.length > LINES) this.#lines.shift();
    } else if (message.type === 'progress') this.#progress = { value: message.value };
    else {
      this.#checkpoint = { value: message.value };
      // For an attempt of this process that follows an interrupted one.
      this.#taken.checkpoint = message.value;
    }
    this.#writing ??= this.#write();
  }

  /** Resolves when all that was said is in Redis, or cannot be. */
  async written(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #write(): Promise<void> {
    try {
      while (!this.#taken.lost && (this.#checkpoint || this.#progress || this.#lines.length > 0)) await this.#writeNewest();
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#writing = undefined;
    }
  }

  async #writeNewest(): Promise<void> {
    const checkpoint = this.#checkpoint;
    const progress = this.#progress;
    const lines = this.#lines.splice(0);
    this.#checkpoint = undefined;
    this.#progress = undefined;
    const { job, id, token } = this.#taken;
    if (checkpoint) {
      const kept = await this.#connection.write(id, token, { [FIELDS.checkpoint]: packV8(checkpoint.value) });
      if (kept === false) return;
    }
    if (progress) await job.updateProgress(told(progress.value) as object);
    for (const line of lines) await Job.addJobLog(this.#connection.queue, id, line, LINES);
  }
}

/** As it is where JSON does not change it; else as V8 has it. */
function told(progress: unknown): unknown {
  return changedByJson(progress, '') === undefined && progress !== 0 ? progress : { threadmill: packV8(progress) };
}
