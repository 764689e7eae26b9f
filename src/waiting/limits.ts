import PQueue from 'p-queue';
import type { JobDefinition } from '../job/definition.js';

/** Ends the permit of one job. */
export type Leave = () => void;

/** The `concurrency` and `rateLimit` of one definition, kept by p-queue: who may start asks for a permit and gives it back. */
export class Gate {
  readonly #queue: PQueue;
  readonly #opened: () => void;
  #granted: Leave | undefined;
  #asked = false;

  /** `opened` is called when a permit that was refused can be had. */
  constructor({ concurrency, rateLimit }: JobDefinition, opened: () => void) {
    this.#opened = opened;
    this.#queue = new PQueue({
      concurrency,
      ...(rateLimit && { intervalCap: rateLimit.max, interval: rateLimit.duration, strict: true }),
    });
  }

  /** Whether p-queue holds back the next start: a permit was refused and has not come since. */
  get closed(): boolean {
    return this.#asked && this.#granted === undefined;
  }

  /** A permit to start now, or `undefined`: then `opened` is called when there is one. */
  enter(): Leave | undefined {
    if (!this.#asked) this.#ask();
    const leave = this.#granted;
    if (leave === undefined) return undefined;
    this.#granted = undefined;
    this.#asked = false;
    return leave;
  }

  /**
   * Lets p-queue grant nothing while no thread is free: a permit counts as a start in its window, so it must be given
   * at the moment of the start.
   */
  suspend(): void {
    if (this.#asked && this.#granted === undefined) this.#queue.pause();
  }

  resume(): void {
    if (this.#queue.isPaused) this.#queue.start();
  }

  #ask(): void {
    this.#asked = true;
    let now = true;
    void this.#queue.add(
      () =>
        new Promise<void>((leave) => {
          this.#granted = leave;
          // p-queue starts a task within `add` when it may.
          if (!now) this.#opened();
        }),
    );
    now = false;
  }
}
