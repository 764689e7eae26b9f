/** A delay below this, in milliseconds, is none: on a busy machine the main thread waits for its turn, too. */
const NOTICED_FROM = 250;

/**
 * How long the process has stood still, when a timer fired so many milliseconds late and the process used so much CPU time since it was set. A
 * signal (SIGSTOP), the pause of a container or a function frozen between two invocations stop timers and threads, not the clock: then nobody
 * computed. While an event loop is blocked it computes itself, and its threads go on.
 */
export function standstill(late: number, cpuTime: number): number {
  const unexplained = late - cpuTime;
  return unexplained >= NOTICED_FROM ? unexplained : 0;
}

/** The times that the process stood still while a thread was busy: no limit counts them. */
export class Standstills {
  #all: { readonly until: number; readonly ms: number }[] = [];

  /** It has stood still for `ms` until now; those that were over at `since` matter no more. */
  add(ms: number, now: number, since: number): void {
    this.#all = this.#all.filter(({ until }) => until > since);
    this.#all.push({ until: now, ms });
  }

  /** How long it has stood still since then, in milliseconds. */
  since(time: number): number {
    let sum = 0;
    for (const { until, ms } of this.#all) sum += Math.max(0, Math.min(ms, until - time));
    return sum;
  }
}
