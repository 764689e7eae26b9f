import { queryObjects } from 'node:v8';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JobRecord } from '../../dist/job/record.js';
import { Backlog } from '../../dist/waiting/backlog.js';

let orders = 0;

class Waiting {
  next = undefined;
  previous = undefined;
  order = ++orders;

  constructor(readonly priority: number) {}
}

const record = (priority: number) => new Waiting(priority) as unknown as JobRecord;
const inOrder = (a: JobRecord, b: JobRecord) => b.priority - a.priority || a.order - b.order;
/** More priorities than a backlog has runs that it appends to. */
const MANY = 2_000;

const priorities = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.double({ noNaN: true, noDefaultInfinity: true }));
const commands = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ does: fc.constant('push' as const), priority: priorities }) },
    { weight: 4, arbitrary: fc.record({ does: fc.constant('shift' as const) }) },
    { weight: 4, arbitrary: fc.record({ does: fc.constant('remove' as const), which: fc.nat() }) },
    { weight: 3, arbitrary: fc.record({ does: fc.constant('put back' as const), which: fc.nat() }) },
    { weight: 3, arbitrary: fc.record({ does: fc.constant('retry' as const), which: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('many come and go' as const) }) },
  ),
  { maxLength: 200, size: 'max' },
);

test('it is a list sorted by priority and order, whatever is pushed, taken, removed, put back and pushed again', () => {
  fc.assert(
    fc.property(commands, (list) => {
      const backlog = new Backlog();
      const model: JobRecord[] = [];
      const out: JobRecord[] = [];
      const push = (one: JobRecord) => {
        backlog.push(one);
        const behind = model.findIndex((other) => inOrder(one, other) < 0);
        model.splice(behind < 0 ? model.length : behind, 0, one);
      };
      const pick = (from: JobRecord[], which: number) => from.splice(which % from.length, 1);
      for (const command of list) {
        if (command.does === 'push') push(record(command.priority));
        else if (command.does === 'shift') {
          const head = backlog.shift();
          expect(head).toBe(model.shift());
          if (head !== undefined) out.push(head);
        } else if (command.does === 'remove') {
          for (const one of pick(model, command.which)) {
            backlog.remove(one);
            out.push(one);
          }
        } else if (command.does === 'many come and go') {
          const many = Array.from({ length: MANY }, (_, n) => record(n / MANY - 1));
          for (const one of many) backlog.push(one);
          for (const one of many) backlog.remove(one);
        } else {
          for (const one of pick(out, command.which)) {
            if (command.does === 'retry') one.order = ++orders;
            push(one);
          }
        }
        expect(backlog.size).toBe(model.length);
        expect(backlog.head).toBe(model[0]);
      }
      const listed = [...backlog];
      expect(listed.length).toBe(model.length);
      expect(listed.every((one, index) => one === model[index])).toBe(true);
      for (const one of model) expect(backlog.shift()).toBe(one);
      expect(backlog.shift()).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});

test.each([1, 101, MANY, 50_000])('50 000 at %d priorities, every third of them removed, are listed and drain in order', (count) => {
  const backlog = new Backlog();
  const all = Array.from({ length: 50_000 }, (_, n) => record((n * 7_919) % count));
  for (const one of all) backlog.push(one);
  for (const [n, one] of all.entries()) if (n % 3 === 0) backlog.remove(one);
  const sorted = all.filter((_, n) => n % 3 !== 0).sort(inOrder);
  expect(backlog.size).toBe(sorted.length);
  const listed = [...backlog];
  expect(sorted.findIndex((one, n) => listed[n] !== one)).toBe(-1);
  expect(sorted.findIndex((one) => backlog.shift() !== one)).toBe(-1);
  expect(backlog.size).toBe(0);
});

test('jobs put back in any order stand before those that came after them', () => {
  const backlog = new Backlog();
  const all = Array.from({ length: 6 }, () => record(0));
  const [a, b, c] = all as [JobRecord, JobRecord, JobRecord];
  for (const one of all) backlog.push(one);
  for (const one of [a, b, c]) expect(backlog.shift()).toBe(one);
  for (const one of [b, c, a]) backlog.push(one);
  const last = record(0);
  backlog.push(last);
  expect([...backlog]).toEqual([...all, last]);
});

test('a removed job has no neighbours', () => {
  const backlog = new Backlog();
  const [a, b, c] = [record(0), record(0), record(0)];
  for (const one of [a, b, c]) backlog.push(one);
  for (const one of [b, a, c]) {
    backlog.remove(one);
    expect(one).toMatchObject({ next: undefined, previous: undefined });
  }
});

test('nothing holds on to a removed job while others wait', () => {
  class Removed extends Waiting {}
  const backlog = new Backlog();
  const pushAndRemove = () => {
    const removed = Array.from({ length: 3_000 }, (_, n) => new Removed(n % 3 === 0 ? 0 : n) as unknown as JobRecord);
    for (const [n, one] of removed.entries()) {
      backlog.push(one);
      if (n % 10 === 0) backlog.push(record(n));
    }
    for (const one of removed) backlog.remove(one);
  };
  pushAndRemove();
  expect(backlog.size).toBe(300);
  expect(queryObjects(Removed)).toBe(0);
});
