import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JobRecord } from '../../dist/job/job.js';
import { Backlog } from '../../dist/waiting/backlog.js';

const record = (priority: number, id = 0) => ({ priority, id, next: undefined, previous: undefined }) as unknown as JobRecord;
const priorities = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.double({ noNaN: true, noDefaultInfinity: true }));
const commands = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ does: fc.constant('push' as const), priority: priorities }) },
    { weight: 1, arbitrary: fc.record({ does: fc.constant('unshift' as const), priority: priorities }) },
    { weight: 2, arbitrary: fc.record({ does: fc.constant('shift' as const) }) },
    { weight: 2, arbitrary: fc.record({ does: fc.constant('remove' as const), which: fc.nat() }) },
  ),
  { maxLength: 200 },
);

test('it is a stable list sorted by priority, whatever is pushed, put back, taken and removed', () => {
  fc.assert(
    fc.property(commands, (list) => {
      const backlog = new Backlog();
      const model: JobRecord[] = [];
      for (const command of list) {
        if (command.does === 'push') {
          const one = record(command.priority);
          backlog.push(one);
          const behind = model.findIndex(({ priority }) => priority < one.priority);
          model.splice(behind < 0 ? model.length : behind, 0, one);
        } else if (command.does === 'unshift') {
          const one = record(command.priority);
          backlog.unshift(one);
          const behind = model.findIndex(({ priority }) => priority <= one.priority);
          model.splice(behind < 0 ? model.length : behind, 0, one);
        } else if (command.does === 'shift') expect(backlog.shift()).toBe(model.shift());
        else if (model.length > 0) backlog.remove(model.splice(command.which % model.length, 1)[0] as JobRecord);
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

test('many at random priorities drain in the order of a stable sort', () => {
  const backlog = new Backlog();
  const all = Array.from({ length: 50_000 }, (_, id) => record((id * 7_919) % 101, id));
  for (const one of all) backlog.push(one);
  const sorted = [...all].sort((a, b) => b.priority - a.priority);
  const wrong = sorted.findIndex((one) => backlog.shift() !== one);
  expect(wrong).toBe(-1);
  expect(backlog.size).toBe(0);
});

test('a removed job has no neighbours', () => {
  const backlog = new Backlog();
  const [a, b, c] = [record(0), record(0), record(0)];
  for (const one of [a, b, c]) backlog.push(one);
  backlog.remove(b);
  expect(b).toMatchObject({ next: undefined, previous: undefined });
  backlog.push(b);
  expect([...backlog]).toEqual([a, c, b]);
});
