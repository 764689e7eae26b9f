import { expect, onTestFinished, test } from 'vitest';
import type { Work } from '../../dist/threads/runner.js';
import { Slot } from '../../dist/threads/slot.js';
import { HandClock } from '../hand-clock.js';

const nothing = () => {};

function makeSlot(): Slot {
  const worker = { threadId: 1, once: nothing };
  const slot = new Slot(worker as never, new HandClock(), 4, { message: nothing, unreadable: nothing, deadline: nothing });
  onTestFinished(() => slot.close());
  return slot;
}

test('one job of a thread is condemned at a time: the first reason holds, but for a cancel of that job', () => {
  const slot = makeSlot();
  const [hung, before] = [{ id: 'hung' }, { id: 'before' }] as Work[];
  const verdict = (work: Work, outcome: 'timed-out' | 'cancelled') => ({ work, outcome, error: new Error(outcome) });
  const over = verdict(hung, 'timed-out');
  expect(slot.condemn(over)).toBe(true);
  // Its result is on its way: it must not save the one that hangs.
  expect(slot.condemn(verdict(before, 'cancelled'))).toBe(false);
  expect(slot.condemn(verdict(hung, 'timed-out'))).toBe(false);
  expect(slot.verdict).toBe(over);
  const cancelled = verdict(hung, 'cancelled');
  expect(slot.condemn(cancelled)).toBe(true);
  expect(slot.condemn(verdict(hung, 'cancelled'))).toBe(false);
  expect(slot.verdict).toBe(cancelled);
  slot.acquit();
  expect(slot.condemn(verdict(before, 'cancelled'))).toBe(true);
});
