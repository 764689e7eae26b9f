import PQueue from 'p-queue';
import type { Clock } from '../clock.js';
import type { JobDefinition } from '../job/definition.js';
import type { JobRecord } from '../job/record.js';
import { RateWindow } from './rate-window.js';

/** What can hold a definition back. */
export type Limit = 'concurrency' | 'rate-limit';

/** What a started job holds of its definition's limits. */
export interface Permit {
  /**
   * The attempt is over. `startedAt`: when its handler was started, on {@link Clock.now}; `undefined` when it was not.
   * `gone`: resolves when its thread has exited, where it was terminated; until then the job counts as running.
   */
  leave(startedAt: number | undefined, gone: Promise<void> | undefined): void;
}

/** The `concurrency` and `rateLimit` of one definition, kept by p-queue: who may start asks for a permit and gives it back. */
export class Gate {
  readonly #running: PQueue;
  readonly #window: RateWindow | undefined;
  readonly #opened: () => void;
  /** What the permit that was asked for waits for. */
  #waitsFor: Limit | undefined;
  /** A permit that can be had. */
  #granted: ((record: JobRecord) => Permit) | undefined;

  /** `opened` is called when a permit that was refused can be had; `runningSince` see {@link RateWindow}. */
  constructor(definition: JobDefinition, clock: Clock, runningSince: (record: JobRecord) => number | undefined, opened: () => void) {
    const { concurrency, rateLimit } = definition;
    this.#opened = opened;
    this.#running = new PQueue({ concurrency });
    this.#window = rateLimit && new RateWindow(rateLimit, clock, runningSince);
  }

  /** Whether a permit was refused and cannot be had yet. */
  get closed(): boolean {
    return this.#waitsFor !== undefined;
  }

  /** What the next start waits for, also when nobody has asked. */
  get heldBy(): Limit | undefined {
    if (this.#waitsFor !== undefined || this.#granted !== undefined) return this.#waitsFor;
    if (isFull(this.#running)) return 'concurrency';
    return this.#window && isFull(this.#window.places) ? 'rate-limit' : undefined;
  }

  /** A permit for a job that starts now, or `undefined`: then `opened` is called when there is one. */
  enter(record: JobRecord): Permit | undefined {
    if (this.#granted === undefined && this.#waitsFor === undefined) this.#ask();
    const permit = this.#granted?.(record);
    this.#granted = undefined;
    return permit;
  }

  #ask(): void {
    let now = true;
    const grant = (permit: (record: JobRecord) => Permit) => {
      this.#waitsFor = undefined;
      this.#granted = permit;
      if (!now) this.#opened();
    };
    this.#waitsFor = 'concurrency';
    const window = this.#window;
    takePlace(this.#running, (stop) => {
      if (window === undefined) return grant(() => ({ leave: (_startedAt, gone) => stopWhen(gone, stop) }));
      this.#waitsFor = 'rate-limit';
      takePlace(window.places, (free) =>
        grant((record) => {
          const place = window.take(record, free);
          return {
            leave: (startedAt, gone) => {
              window.ended(place, startedAt);
              stopWhen(gone, stop);
            },
          };
        }),
      );
    });
    now = false;
  }
}

function isFull(queue: PQueue): boolean {
  return queue.pending >= queue.concurrency;
}

/** Waits in a p-queue for a place; `taken`, called within this call when there is one, gets what gives it back. */
function takePlace(queue: PQueue, taken: (leave: () => void) => void): void {
  void queue.add(() => new Promise<void>((leave) => taken(leave)));
}

function stopWhen(gone: Promise<void> | undefined, stop: () => void): void {
  if (gone === undefined) stop();
  else void gone.then(stop);
}
