import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JobRecord } from '../../dist/job/record.js';
import { Gate, type Permit } from '../../dist/waiting/gate.js';
import { HandClock } from '../hand-clock.js';

/** A started job as the model knows it. */
interface Running {
  readonly record: JobRecord;
  readonly permit: Permit;
  /** When its handler was started; it takes a while until it is, and until it is known. */
  startedAt: number | undefined;
}

/** A gate, and what is known of it from outside. */
class Model {
  readonly clock = new HandClock();
  readonly running: Running[] = [];
  readonly gate: Gate;
  /** When handlers were started that count for the rate. */
  readonly starts: number[] = [];
  heldUntil = 0;
  /** Threads of ended jobs that have not exited. */
  readonly exits: (() => void)[] = [];
  opened = 0;

  constructor(
    readonly concurrency: number,
    readonly max: number,
    readonly duration: number,
  ) {
    const runningSince = (record: JobRecord) => this.running.find((one) => one.record === record)?.startedAt;
    const rateLimit = Number.isFinite(max) ? { max, duration } : undefined;
    this.gate = new Gate({ concurrency, rateLimit }, { clock: this.clock, runningSince }, () => void this.opened++);
  }

  get atOnce(): number {
    return this.running.length + this.exits.length;
  }

  /** Starts whose place is taken: those in the last `duration`, and those that are still to come. */
  get places(): number {
    return (
      this.starts.filter((at) => at + this.duration > this.clock.time).length +
      this.running.filter((one) => one.startedAt === undefined).length
    );
  }

  /** Does something, and looks whether the gate says what is so. */
  async do(act: () => void | Promise<void>): Promise<void> {
    const { closed } = this.gate;
    this.opened = 0;
    await act();
    const limited = this.places >= this.max;
    const held = this.clock.time < this.heldUntil;
    const expected = held ? 'rate-limit' : this.atOnce >= this.concurrency ? 'concurrency' : limited ? 'rate-limit' : undefined;
    expect(this.gate.heldBy).toBe(expected);
    expect(this.gate.room).toBe(held ? 0 : Math.min(this.concurrency - this.atOnce, this.max - this.places));
    expect(this.gate.isIdle).toBe(!held && this.atOnce === 0 && (this.places === 0 || this.max === Number.POSITIVE_INFINITY));
    // Who waits is told.
    if (closed && !this.gate.closed) expect(this.opened).toBeGreaterThan(0);
  }

  enter(): void {
    if (this.gate.closed) return;
    const record = {} as JobRecord;
    this.running.push({ record, permit: this.gate.enter(record), startedAt: undefined });
  }

  start(which: number): void {
    const one = this.running[which % this.running.length];
    if (one === undefined || one.startedAt !== undefined) return;
    one.startedAt = this.clock.time;
    this.starts.push(one.startedAt);
  }

  end(which: number, killed: boolean): void {
    const one = this.running[which % this.running.length];
    if (one === undefined) return;
    this.running.splice(this.running.indexOf(one), 1);
    const gone = killed ? new Promise<void>((resolve) => void this.exits.push(resolve)) : undefined;
    one.permit.leave(one.startedAt, gone);
  }

  async exit(): Promise<void> {
    this.exits.shift()?.();
    await Promise.resolve();
  }

  hold(ms: number): void {
    this.heldUntil = Math.max(this.heldUntil, this.clock.time + ms);
    this.gate.hold(ms);
  }
}

const which = fc.nat({ max: 5 });
const ms = fc.integer({ min: 1, max: 40 });
const act = fc.oneof(
  fc.constant<(model: Model) => void>((model) => model.enter()),
  fc.constant<(model: Model) => void>((model) => model.enter()),
  which.map((n) => (model: Model) => model.start(n)),
  fc.tuple(which, fc.boolean()).map((how) => (model: Model) => model.end(...how)),
  fc.constant((model: Model) => model.exit()),
  ms.map((time) => (model: Model) => model.hold(time)),
  ms.map((time) => (model: Model) => model.clock.advance(time)),
  ms.map((time) => (model: Model) => model.clock.advance(time, { late: true })),
);

const limit = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant(Number.POSITIVE_INFINITY));

test('a gate lets as many start as its limits and holds allow, says which holds, and tells when it opens', async () => {
  await fc.assert(
    fc.asyncProperty(
      limit,
      limit,
      fc.integer({ min: 5, max: 60 }),
      fc.array(act, { maxLength: 60, size: 'max' }),
      async (concurrency, max, duration, acts) => {
        const model = new Model(concurrency, max, duration);
        for (const one of acts) await model.do(() => one(model));
      },
    ),
    { numRuns: 500 },
  );
});

test('it says how long the next one waits: for who runs, for the window, and for a hold, whichever is longest', () => {
  const clock = new HandClock();
  const host = { clock, runningSince: () => undefined };
  const free = new Gate({ concurrency: 2 }, host, () => {});
  expect([free.waitOf(0, 100), free.waitOf(1, 100)]).toEqual([0, 0]);
  free.enter({} as JobRecord);
  free.enter({} as JobRecord);
  // Who runs has half of it behind it, on average.
  expect([free.waitOf(0, 100), free.waitOf(2, 100)]).toEqual([50, 150]);
  free.hold(70);
  free.hold(60);
  expect(free.waitOf(0, 100)).toBe(70);
  expect(free.waitOf(2, 100)).toBe(150);

  const rated = new Gate({ rateLimit: { max: 2, duration: 1_000 } }, host, () => {});
  expect([rated.waitOf(1, 100), rated.waitOf(2, 100), rated.waitOf(4, 100)]).toEqual([0, 1_000, 2_000]);
  rated.enter({} as JobRecord);
  clock.advance(300);
  expect([rated.waitOf(0, 100), rated.waitOf(1, 100), rated.waitOf(3, 100)]).toEqual([0, 700, 1_700]);
});

test('a job that came back unstarted and is started later counts once', () => {
  const clock = new HandClock();
  const job = {} as JobRecord;
  const gate = new Gate({ rateLimit: { max: 1, duration: 100 } }, { clock, runningSince: () => 50 }, () => {});
  gate.enter(job).leave(undefined, undefined);
  clock.advance(50);
  gate.enter(job);
  clock.advance(99);
  expect(gate.room).toBe(0);
  clock.advance(1);
  expect([gate.room, gate.isIdle]).toEqual([1, false]);
});

test('one without limits is no limit, and is held by nothing but a hold', () => {
  const clock = new HandClock();
  let opened = 0;
  const gate = new Gate({}, { clock, runningSince: () => undefined }, () => void opened++);
  expect([gate.isLimit, gate.heldBy, gate.isIdle, gate.room]).toEqual([false, undefined, true, Number.POSITIVE_INFINITY]);
  gate.hold(10);
  expect([gate.heldBy, gate.isIdle, gate.room]).toEqual(['rate-limit', false, 0]);
  clock.advance(9);
  expect([gate.closed, opened]).toEqual([true, 0]);
  clock.advance(1);
  expect([gate.closed, opened]).toEqual([false, 1]);
});
