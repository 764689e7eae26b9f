import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { Messenger } from '../../dist/threads/inside/job-messages.js';
import { unknown } from '../../dist/threads/post-mortem.js';
import type { Work } from '../../dist/threads/runner.js';
import { Slot } from '../../dist/threads/slot.js';
import { CELL, SharedMemory } from '../../dist/threads/wire/shared-memory.js';
import { HandClock } from '../hand-clock.js';

const nothing = () => {};

/** `heard`: the types of what it is told; `terminate`: that of its thread. */
function makeSlot(heard: string[] = [], terminate = nothing): Slot {
  const worker = { threadId: 1, once: nothing, terminate };
  const message = (_slot: Slot, { type }: { type: string }) => void heard.push(type);
  const slot = new Slot(worker as never, new HandClock(), 4, { message, unreadable: nothing, deadline: nothing });
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

test('the running job of a muted thread says nothing more; what it had said before is heard', () => {
  const heard: string[] = [];
  const slot = makeSlot(heard);
  const { port, messages, shared } = slot.openMessage({} as never, []);
  const { cells } = new SharedMemory(shared);
  const messenger = new Messenger(port, messages, cells);
  const [running, next] = [messenger.of(0), messenger.of(1)];
  const sayAll = (job: typeof running) => {
    job.log('info', ['a line']);
    job.progress(1);
    job.checkpoint(1);
  };
  slot.jobs.add([{ id: 'running' }, { id: 'next' }] as Work[], 1, 0);
  Atomics.store(cells, CELL.CLAIMED, 1);
  running.log('info', ['before']);
  slot.mute();
  sayAll(running);
  for (const tell of slot.drain()) tell();
  expect(heard.filter((type) => type !== 'news')).toEqual(['log']);
  // Another job of the thread is another matter.
  sayAll(next);
  slot.drain();
  expect(heard.filter((type) => type !== 'news')).toEqual(['log', 'log', 'progress', 'checkpoint']);
});

test('a thread is terminated when the look into it that is under way is over', async () => {
  let terminations = 0;
  const slot = makeSlot([], () => void terminations++);
  let end = () => {};
  slot.inspection = new Promise((resolve) => {
    end = () => {
      slot.inspection = undefined;
      resolve(unknown('the test'));
    };
  });
  slot.terminate();
  slot.terminate();
  await turn();
  expect(terminations).toBe(0);
  end();
  await turn();
  expect(terminations).toBe(2);
  slot.terminate();
  expect(terminations).toBe(3);
});
