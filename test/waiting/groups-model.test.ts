import fc from 'fast-check';
import type { Job, JobSnapshot } from 'threadmill';
import { afterEach, expect, test } from 'vitest';
import type { TestQueue } from '../../dist/testing/index.js';
import { acts } from '../fixtures/takes.job.js';
import { makeTestQueue } from '../testing/queues.js';

const KEYS = ['a', 'b', 'c', 'd'];
const CONCURRENCY = 2;
const RATE = { max: 4, duration: 100 };
const ALL = { limit: Number.POSITIVE_INFINITY };

const jobs = fc.record({
  does: fc.constantFrom('add' as const, 'add' as const, 'bulk' as const),
  group: fc.constantFrom(...KEYS),
  count: fc.integer({ min: 1, max: 6 }),
  ms: fc.constantFrom(0, 5, 20),
  failures: fc.constantFrom(0, 0, 0, 1, 3),
  limit: fc.constantFrom(0, 0, 0, 0, 30),
  delay: fc.constantFrom(0, 0, 0, 10),
  priority: fc.constantFrom(0, 0, 0, 1),
});
const commands = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: jobs },
    { weight: 4, arbitrary: fc.record({ does: fc.constant('advance' as const), ms: fc.integer({ min: 0, max: 60 }) }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('cancel' as const), which: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('cancel-group' as const), group: fc.constantFrom(...KEYS) }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constantFrom('pause' as const, 'resume' as const, 'pause-definition' as const) }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constantFrom('replay' as const, 'restart' as const) }) },
  ),
  { minLength: 5, maxLength: 40 },
);

type Command = (typeof commands extends fc.Arbitrary<infer List> ? List : never) extends (infer One)[] ? One : never;

const job = { count: 1, ms: 5, failures: 0, limit: 0, delay: 0, priority: 0 } as const;
/** Lists that once broke a promise. */
const examples: [Command[]][] = [
  // The job of b that holds back its group had its turn back with its place, when nobody looked until its time was over.
  [
    [
      { does: 'advance', ms: 37 },
      { ...job, does: 'add', group: 'a', failures: 1 },
      { does: 'pause-definition' },
      { ...job, does: 'add', group: 'b', failures: 3, limit: 30, delay: 10 },
      { ...job, does: 'bulk', group: 'c', count: 3, ms: 20, limit: 30, priority: 1 },
      { ...job, does: 'add', group: 'a', ms: 20, delay: 10 },
      { does: 'advance', ms: 57 },
      { does: 'resume' },
      { does: 'restart' },
      { ...job, does: 'add', group: 'd', ms: 0 },
      { does: 'pause' },
      { ...job, does: 'add', group: 'a', ms: 0, limit: 30 },
      { does: 'advance', ms: 42 },
    ],
  ],
];

/** What groups promise, looked at whenever a job starts. It knows of groups only what it is told by events, and by lists. */
class Judge {
  readonly ends = new Map<string, number>();
  readonly #starts = new Map<string, number[]>();
  /** How often a group has had a turn since another, which had work that might run, had its last one. */
  readonly #passes = new Map<string, Map<string, number>>();
  /** Of jobs that never waited for anything but their turn: when they were added, by group and priority. */
  readonly #started = new Map<string, number>();
  readonly #plain = new Map<string, number>();
  readonly #seen = new Set<string>();
  /** What was broken: a queue does not let a listener throw. */
  readonly broken: string[] = [];

  watch(queue: TestQueue): void {
    this.#passes.clear();
    queue.on('added', (job) => {
      const { delay } = job.input as { delay: number };
      if (delay === 0 && !this.#seen.has(job.id)) this.#plain.set(job.id, this.#seen.size);
      this.#seen.add(job.id);
    });
    queue.on('active', (job) => this.#judge(queue, job));
    // A group without work is not in line: when it comes again, it stands at the end.
    queue.on('cancelled', ({ group, priority }) => {
      const stays = queue.list('waiting', ALL).some((one) => one.group === group && one.priority === priority);
      if (!stays) this.#passes.delete(`${group} ${priority}`);
    });
    for (const event of ['completed', 'failed', 'cancelled'] as const) {
      queue.on(event, ({ id }: Job) => void this.ends.set(id, (this.ends.get(id) ?? 0) + 1));
    }
  }

  #judge(queue: TestQueue, job: Job): void {
    const group = job.group as string;
    const now = queue.clock.now();
    this.#holds(queue.list('active', ALL).filter((one) => one.group === group).length <= CONCURRENCY, `concurrency of ${group}`);
    const starts = [...(this.#starts.get(group) ?? []).filter((at) => at > now - RATE.duration), now];
    this.#starts.set(group, starts);
    this.#holds(starts.length <= RATE.max, `rate of ${group}`);
    this.#keepsOrder(job, group);
    this.#takesTurns(queue, job, group);
  }

  #holds(fact: boolean, what: string): void {
    if (!fact) this.broken.push(what);
  }

  /** The first start of one that was never delayed, put off or tried before. */
  #keepsOrder(job: Job, group: string): void {
    const added = this.#plain.get(job.id);
    if (added === undefined) return;
    this.#plain.delete(job.id);
    const line = `${group} ${job.priority}`;
    this.#holds(added > (this.#started.get(line) ?? -1), `order of ${line}`);
    this.#started.set(line, added);
  }

  #takesTurns(queue: TestQueue, { priority }: Job, group: string): void {
    const waiting = queue.list('waiting', ALL).filter((one) => one.priority === priority);
    const ready = new Set<string>();
    for (const one of waiting) {
      const where = queue.explain(one.id);
      if (where?.state === 'waiting' && !where.reason.startsWith('group-')) ready.add(one.group as string);
    }
    for (const other of KEYS) {
      const key = `${other} ${priority}`;
      if (other === group || !ready.has(other)) this.#passes.delete(key);
      else {
        const passes = this.#passes.get(key) ?? new Map<string, number>();
        this.#passes.set(key, passes);
        passes.set(group, (passes.get(group) ?? 0) + 1);
        this.#holds((passes.get(group) as number) <= 1, `${other} was passed over by ${group}`);
      }
    }
  }
}

afterEach(() => {
  delete (globalThis as any).testClock;
});

function open(judge: Judge, startTime?: number): TestQueue {
  const queue = makeTestQueue({
    mode: 'inline',
    threads: 3,
    jobs: [acts],
    keepCompleted: 10_000,
    ...(startTime !== undefined && { startTime }),
  });
  (globalThis as any).testClock = queue.clock;
  judge.watch(queue);
  return queue;
}

test('turns, limits, order and ends hold, whatever is delayed, retried, put off, cancelled, paused, replayed and restored', async () => {
  let [replays, restores, retries, putOffs, held] = [0, 0, 0, 0, 0];
  await fc.assert(
    fc.asyncProperty(commands, async (list) => {
      const judge = new Judge();
      let queue = open(judge);
      const known = new Map<string, number>();
      const note = (...added: Job[]) => {
        for (const { id } of added) known.set(id, (known.get(id) ?? 0) + 1);
      };
      for (const command of list) {
        if (command.does === 'add' || command.does === 'bulk') {
          const { count, priority, delay, does, ...input } = command;
          // Some are dead letters soon.
          const options = { priority, delay, ...(input.failures === 3 && { maxAttempts: 1 }) };
          const inputs = Array.from({ length: does === 'add' ? 1 : count }, () => ({ ...input, delay }));
          note(...(does === 'add' ? [await queue.add(acts, inputs[0], options)] : await queue.addBulk(acts, inputs, options)));
        } else if (command.does === 'advance') await queue.clock.advance(command.ms);
        else if (command.does === 'cancel') {
          const living = [...queue.list('waiting', ALL), ...queue.list('delayed', ALL), ...queue.list('active', ALL)];
          living[command.which % Math.max(1, living.length)]?.cancel();
        } else if (command.does === 'cancel-group') queue.cancel({ group: command.group, state: 'waiting' });
        else if (command.does === 'pause') queue.pause();
        else if (command.does === 'pause-definition') queue.pause(acts);
        else if (command.does === 'resume') {
          queue.resume();
          queue.resume(acts);
        } else if (command.does === 'replay') {
          const again = await queue.deadLetters.replay({ limit: 2 });
          note(...again);
          replays += again.length;
        } else if (command.does === 'restart') {
          const { unfinished } = await queue.close({ drain: 'none' });
          restores += unfinished.length;
          // Those that ran are given up, and come back: their windows of time are not known any more.
          for (const { id } of unfinished) expect(judge.ends.get(id) ?? 0).toBe((known.get(id) ?? 0) - 1);
          await queue.clock.advance(RATE.duration);
          const { clock } = queue;
          queue = open(judge, clock.now());
          queue.restore(structuredClone(unfinished) as JobSnapshot[]);
        }
        held += queue.list('waiting', ALL).filter(({ id }) => String((queue.explain(id) as any).reason).startsWith('group-')).length;
      }
      queue.resume();
      queue.resume(acts);
      const living = () => queue.stats().counts.waiting + queue.stats().counts.delayed + queue.stats().counts.active;
      for (let rounds = 0; living() > 0 && rounds < 1_000; rounds++) await queue.clock.advance(20);
      expect(queue.stats().counts).toMatchObject({ waiting: 0, delayed: 0, active: 0 });
      expect(queue.stats({ groups: 9 }).groups).toEqual([]);
      expect(judge.broken).toEqual([]);
      // Each has ended once for each of its lives.
      expect(judge.ends).toEqual(known);
      retries += queue.stats().totals.retried;
      putOffs += queue.stats().totals.snoozed;
      await queue.close();
    }),
    { numRuns: 100, endOnFailure: true, examples },
  );
  // It was tried, and not only claimed.
  const tried = { replays, restores, retries, putOffs, held };
  expect(Object.entries(tried).filter(([, times]) => times === 0)).toEqual([]);
});
