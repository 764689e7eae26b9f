import type { Assignments } from './assignments.js';
import { type Finding, inspect, type SeenIdle } from './inspect.js';
import { Standstills } from './standstills.js';

/** What is known of a busy thread from one inspection to the next. */
export class Observation {
  #seenIdleAt: SeenIdle | undefined;
  readonly #standstills = new Standstills();

  constructor(private readonly jobs: Assignments) {}

  /** The thread was at rest. */
  rewind(): void {
    this.#seenIdleAt = undefined;
  }

  /** The process has stood still for `ms` until now. */
  stoodStill(ms: number, now: number): void {
    this.#standstills.add(ms, now, this.jobs.view().since);
    this.#seenIdleAt = undefined;
  }

  inspect(now: number): Finding {
    const view = this.jobs.view();
    const since = view.since + this.#standstills.since(view.since);
    const finding = inspect({ ...view, since }, this.#seenIdleAt, now);
    if ('seenIdleAt' in finding) this.#seenIdleAt = finding.seenIdleAt;
    return finding;
  }
}
