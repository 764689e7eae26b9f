import { expect, test } from 'vitest';
import { LoadLimit } from '../../dist/threads/load-limit.js';
import { HandClock } from '../hand-clock.js';

test('half of the time that a module has is told of once, and its end ends it, however often it is asked', () => {
  const clock = new HandClock();
  const told: string[] = [];
  const limit = new LoadLimit(clock, (_facts, message) => void told.push(message));
  const slot = { loading: undefined as any, warnedOf: undefined, deadline: { clear: () => {}, within: () => {} } };
  limit.begins(slot as never, { definition: { name: 'slow', module: 'file:///slow.js', loadTimeout: 10_000 } } as never);
  const { loading } = slot;
  const isOver = () => limit.isOver(slot as never, loading);
  const answers = [1_000, 3_999, 1, 3_000, 2_000].map((ms) => {
    clock.advance(ms);
    return [isOver(), told.length];
  });
  expect(answers).toEqual([
    [false, 0],
    [false, 0],
    [false, 1],
    [false, 1],
    [true, 1],
  ]);
});
