import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JobRecord } from '../../dist/job/record.js';
import { Rounds, Turns } from '../../dist/waiting/turns.js';

let orders = 0;
const rounds = new Rounds();

class Waiting {
  next = undefined;
  previous = undefined;
  order = ++orders;

  constructor(
    readonly group: string | undefined,
    readonly priority: number,
  ) {}
}

const record = (group: string | undefined, priority = 0) => new Waiting(group, priority) as unknown as JobRecord;

function taken(turns: Turns): JobRecord | undefined {
  const { head } = turns;
  if (head === undefined) return undefined;
  turns.take(head, rounds.last());
  return head;
}

/** The same, as slowly and as plainly as it can be said. */
class Model {
  readonly held = new Set<string | undefined>();
  /** Lines in which a held group was seen when its turn came, by group. */
  readonly seen = new Map<string | undefined, Set<number>>();
  /** Groups in line, by priority. */
  readonly lines = new Map<number, (string | undefined)[]>();
  readonly jobs: JobRecord[] = [];

  line(priority: number): (string | undefined)[] {
    const line = this.lines.get(priority) ?? [];
    this.lines.set(priority, line);
    return line;
  }

  of(priority: number, group: string | undefined): JobRecord[] {
    return this.jobs.filter((job) => job.priority === priority && job.group === group).sort((a, b) => a.order - b.order);
  }

  push(job: JobRecord, place: 'push' | 'unshift' = 'push'): void {
    const line = this.line(job.priority);
    this.jobs.push(job);
    const at = line.indexOf(job.group);
    if (at >= 0 && place === 'push') return;
    if (at >= 0) line.splice(at, 1);
    line[place](job.group);
  }

  remove(job: JobRecord): void {
    this.jobs.splice(this.jobs.indexOf(job), 1);
    const line = this.line(job.priority);
    if (this.of(job.priority, job.group).length > 0) return;
    line.splice(line.indexOf(job.group), 1);
    this.seen.get(job.group)?.delete(job.priority);
  }

  get head(): JobRecord | undefined {
    for (const priority of [...this.lines.keys()].sort((a, b) => b - a)) {
      const line = this.line(priority);
      const at = line.findIndex((one) => !this.held.has(one));
      for (const group of at < 0 ? line : line.slice(0, at)) this.seen.set(group, (this.seen.get(group) ?? new Set()).add(priority));
      if (at >= 0) return this.of(priority, line[at])[0];
    }
    return undefined;
  }

  passed(job: JobRecord): void {
    const line = this.line(job.priority);
    const at = line.indexOf(job.group);
    if (at >= 0) line.push(...line.splice(at, 1));
  }

  release(group: string | undefined): void {
    this.held.delete(group);
    for (const priority of this.seen.get(group) ?? []) {
      const line = this.line(priority);
      line.push(...line.splice(line.indexOf(group), 1));
    }
    this.seen.delete(group);
  }
}

const few = fc.constantFrom(undefined, 'a', 'b', 'c', 'd');
/** Most of them come once. */
const many = fc.nat({ max: 60 }).map(String);
const groups = fc.oneof({ weight: 2, arbitrary: few }, { weight: 1, arbitrary: many });
const priorities = fc.constantFrom(0, 0, 0, 1, -1);

describe('turns', () => {
  test('groups of equal priority take turns, and each keeps its order of arrival', () => {
    const turns = new Turns(rounds);
    for (const group of ['a', 'a', 'a', 'b', 'c', 'c']) turns.push(record(group));
    const order = Array.from({ length: 6 }, () => taken(turns)?.group);
    expect(order).toEqual(['a', 'b', 'c', 'a', 'c', 'a']);
  });

  test('a group that comes late does not wait for the many jobs of another', () => {
    const turns = new Turns(rounds);
    for (let n = 0; n < 1_000; n++) turns.push(record('flood'));
    taken(turns);
    turns.push(record('late'));
    expect([taken(turns)?.group, taken(turns)?.group]).toEqual(['flood', 'late']);
  });

  test('a higher priority goes before any turn', () => {
    const turns = new Turns(rounds);
    turns.push(record('a'));
    turns.push(record('b', 1));
    turns.push(record('b', 1));
    expect([taken(turns), taken(turns), taken(turns)].map((one) => one?.group)).toEqual(['b', 'b', 'a']);
  });

  test.each([0, 2])('groups that have no jobs left are let go, where another has %i that stay', (stay) => {
    const own = new Rounds();
    const turns = new Turns(own);
    for (let n = 0; n < stay; n++) turns.push(record('stays', -1));
    for (let n = 0; n < 10_000; n++) {
      const two = [1, 2].map(() => record(`user-${n}`, (n % 2) - 1));
      for (const one of two) turns.push(one);
      for (const one of two) turns.remove(one);
      void turns.head;
    }
    // The numbers of runs are those of groups that are kept: free ones are given out first.
    expect(own.runs.open()).toBeLessThan(50);
    expect([...turns.sizes()]).toEqual(stay === 0 ? [] : [['stays', stay]]);
  });

  test('another line passes a group that has had its turn', () => {
    const turns = new Turns(rounds);
    for (const group of ['a', 'b', 'a']) turns.push(record(group));
    turns.passed(0, 'nobody', rounds.last());
    turns.passed(0, 'a', rounds.last());
    expect(Array.from({ length: 3 }, () => taken(turns)?.group)).toEqual(['b', 'a', 'a']);
  });

  test('it is the plain model, whatever is pushed, taken, removed, put back, held and released', () => {
    const commands = fc.array(
      fc.oneof(
        { weight: 8, arbitrary: fc.record({ does: fc.constant('push' as const), group: groups, priority: priorities }) },
        { weight: 5, arbitrary: fc.record({ does: fc.constant('take' as const) }) },
        { weight: 2, arbitrary: fc.record({ does: fc.constant('remove' as const), which: fc.nat() }) },
        { weight: 2, arbitrary: fc.record({ does: fc.constant('put back' as const), which: fc.nat() }) },
        { weight: 1, arbitrary: fc.record({ does: fc.constant('hold' as const), group: groups }) },
        { weight: 1, arbitrary: fc.record({ does: fc.constant('release' as const), group: groups }) },
      ),
      { maxLength: 200, size: 'max' },
    );
    fc.assert(
      fc.property(commands, (list) => {
        const model = new Model();
        const turns = new Turns(rounds, (key) => model.held.has(key));
        const out: JobRecord[] = [];
        for (const command of list) {
          if (command.does === 'push') {
            const one = record(command.group, command.priority);
            turns.push(one);
            model.push(one);
          } else if (command.does === 'take') {
            const { head } = model;
            expect(taken(turns)).toBe(head);
            if (head !== undefined) {
              model.remove(head);
              model.passed(head);
              out.push(head);
            }
          } else if (command.does === 'remove' && model.jobs.length > 0) {
            const one = model.jobs[command.which % model.jobs.length] as JobRecord;
            turns.remove(one);
            model.remove(one);
          } else if (command.does === 'put back' && out.length > 0) {
            const [one] = out.splice(command.which % out.length, 1) as [JobRecord];
            // One that nobody could see any more as held: its turn comes back when it is released.
            if (model.held.has(one.group)) continue;
            turns.putBack(one);
            model.push(one, 'unshift');
          } else if (command.does === 'hold') model.held.add(command.group);
          else if (command.does === 'release' && model.held.has(command.group)) {
            // Who is held was seen by both.
            void turns.head;
            model.release(command.group);
            turns.release(command.group);
          }
          expect(turns.head).toBe(model.head);
        }
        expect(new Set(turns)).toEqual(new Set(model.jobs));
        for (const key of [...model.held]) {
          void turns.head;
          model.release(key);
          turns.release(key);
        }
        expect(turns.size).toBe(model.jobs.length);
      }),
      { numRuns: 300 },
    );
  });
});

test.each([0, 1, 2, 3, 4])(
  'a job that comes to its group with the order of an earlier one takes its place there: place %i of four',
  (place) => {
    const turns = new Turns(rounds, () => false);
    const jobs = Array.from({ length: 5 }, () => record('a'));
    for (const job of jobs.toSpliced(place, 1)) turns.push(job);
    turns.push(jobs[place] as JobRecord);
    expect([...turns]).toEqual(jobs);
    expect(jobs.map(() => taken(turns))).toEqual(jobs);
  },
);
