import type { JobRecord } from '../job/record.js';
import { type GateHost, type Place, RateWindow } from './rate-window.js';

/** What can hold jobs back. */
export type Limit = 'concurrency' | 'rate-limit';

/** At most so many jobs at once, and so many starts in a time. */
export interface Limits {
  readonly concurrency?: number | undefined;
  readonly rateLimit?: { readonly max: number; readonly duration: number } | undefined;
}

/** Whether there is one. */
export function isLimit({ concurrency = Number.POSITIVE_INFINITY, rateLimit }: Limits): boolean {
  return Number.isFinite(concurrency) || rateLimit !== undefined;
}

/** What a started job holds of its limits. */
export interface Permit {
  /**
   * The attempt is over. `startedAt`: when its handler was started, on {@link Clock.now}; `undefined` when it was not.
   * `gone`: resolves when its thread has exited, where it was terminated; until then the job counts as running.
   */
  leave(startedAt: number | undefined, gone: Promise<void> | undefined): void;
}

/**
 * A concurrency limit and a rate limit: who starts takes a permit, and gives it back. Counted here and not by p-queue,
 * which gives a place back by `queueMicrotask`: where fake timers have replaced that, it never does.
 */
export class Gate {
  /** Whether it has limits of its own, beside what {@link hold} says. */
  readonly isLimit: boolean;
  readonly #concurrency: number;
  readonly #window: RateWindow | undefined;
  readonly #host: GateHost;
  readonly #opened: () => void;
  #running = 0;
  #holds = 0;
  #heldUntil = Number.NEGATIVE_INFINITY;

  /** `opened` is called when a permit can be had that could not before. */
  constructor(limits: Limits, host: GateHost, opened: () => void) {
    const { concurrency = Number.POSITIVE_INFINITY, rateLimit } = limits;
    this.isLimit = isLimit(limits);
    this.#concurrency = concurrency;
    this.#host = host;
    this.#opened = opened;
    this.#window = rateLimit && new RateWindow(rateLimit, host, () => this.#windowOpened());
  }

  /** What the next start waits for. */
  get heldBy(): Limit | undefined {
    if (this.#holds > 0) return 'rate-limit';
    if (this.#running >= this.#concurrency) return 'concurrency';
    return this.#window?.isFull ? 'rate-limit' : undefined;
  }

  get closed(): boolean {
    return this.heldBy !== undefined;
  }

  /** Whether nothing holds it any more: it is as a new one. */
  get isIdle(): boolean {
    return this.#running === 0 && this.#holds === 0 && (this.#window?.isEmpty ?? true);
  }

  /** How many more may start now. */
  get room(): number {
    return this.#holds > 0 ? 0 : Math.min(this.#concurrency - this.#running, this.#window?.room ?? Number.POSITIVE_INFINITY);
  }

  /** How long the next one will wait for it, in milliseconds, where so many wait before it and each usually runs for so long. */
  waitOf(waiting: number, usual: number): number {
    const before = waiting + this.#running;
    const free = before < this.#concurrency;
    const byConcurrency = free ? 0 : ((before - Math.min(this.#running, this.#concurrency) / 2) * usual) / this.#concurrency;
    return Math.max(byConcurrency, this.#window?.waitOf(waiting) ?? 0, this.#heldUntil - this.#host.clock.now());
  }

  /** Nothing starts for so many milliseconds. */
  hold(ms: number): void {
    const { clock } = this.#host;
    this.#holds++;
    this.#heldUntil = Math.max(this.#heldUntil, clock.now() + ms);
    clock.setTimeout(() => {
      this.#holds--;
      if (!this.closed || this.isIdle) this.#opened();
    }, ms);
  }

  /** A permit for a job that starts now; only where it is not {@link closed}. */
  enter(record: JobRecord): Permit {
    this.#running++;
    const place = this.#window?.take(record);
    return { leave: (startedAt, gone) => this.#leave(place, startedAt, gone) };
  }

  #leave(place: Place | undefined, startedAt: number | undefined, gone: Promise<void> | undefined): void {
    if (place !== undefined) this.#window?.ended(place, startedAt);
    if (gone === undefined) this.#stopped();
    else void gone.then(() => this.#stopped());
  }

  #stopped(): void {
    this.#running--;
    if (this.#running === this.#concurrency - 1 || this.isIdle) this.#opened();
  }

  #windowOpened(): void {
    if (!this.closed) this.#opened();
  }
}
