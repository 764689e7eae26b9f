import type { JobKind } from '../job/kind.js';
import type { BootEvents } from './boots.js';
import type { ThreadOptions } from './pool.js';
import type { Recycle } from './recycling.js';
import type { SizingOptions } from './sizing.js';
import type { Slot, SlotState } from './slot.js';
import type { Listened } from './wire/log-levels.js';
import type { FromThread, Said } from './wire/protocol.js';

export interface ThreadsOptions extends SizingOptions {
  /** Milliseconds without work after which a thread ends that is not needed. */
  idleTimeout: number;
  recycle?: Recycle | undefined;
  maxBatch: number;
  worker: ThreadOptions;
  idPrefix: string;
  /** Log levels that somebody listens to. */
  listened: Listened;
  /** Loaded by every thread before it takes jobs. */
  preload: readonly JobKind[];
}

export interface DispatcherOptions extends ThreadsOptions {
  /** Whether to look where a job is stuck before its thread is terminated. */
  postMortem: boolean;
}

/** Who gives threads work, and hears what becomes of it. */
export interface ThreadEvents extends BootEvents {
  /** How many jobs wait for a thread. */
  readonly waiting: number;
  /** A thread can take work: it has opened, or another has left its place to it. */
  opened(): void;
  message(slot: Slot, message: FromThread | Said): void;
  /** A thread has sent what cannot be read. */
  unreadable(slot: Slot, error: unknown): void;
  /** The deadline of a thread fired that is busy, or does not begin what it was told to. */
  deadline(slot: Slot): void;
  /** A thread has exited; `state` is what it was before. */
  exited(slot: Slot, state: SlotState, exitCode: number): void;
  zombie(slot: Slot): void;
  /** For the log. */
  trouble(facts: object, message: string): void;
}
