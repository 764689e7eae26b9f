import type { Verdict } from '../job/verdict.js';
import type { Work } from './runner.js';
import type { FromThread, Said } from './wire/protocol.js';

/** `warming`: loads a module for jobs to come. `ending`: shall end by itself. `dying`: terminated, but its thread has not exited. */
export type SlotState = 'booting' | 'idle' | 'warming' | 'busy' | 'ending' | 'dying' | 'gone';

/** Why a job of a slot shall end. Gone when the job's result arrives first. */
export interface SlotVerdict extends Verdict {
  readonly work: Work;
}

/** Who is told what a thread says. */
export interface SlotEventsOf<Slot> {
  message(slot: Slot, message: FromThread | Said): void;
  /** It has sent what cannot be read: it is not to be trusted any more. */
  unreadable(slot: Slot, error: unknown): void;
  deadline(slot: Slot): void;
}
