import { describe, expect, test } from 'vitest';
import { Assignments } from '../../dist/threads/assignments.js';
import { inspect, type View } from '../../dist/threads/inspect.js';
import type { Work } from '../../dist/threads/runner.js';
import { CELL, PHASE, SharedMemory } from '../../dist/threads/wire/shared-memory.js';

const work = (changes: { timeout?: number; usualRunTime?: number } = {}) =>
  ({ timeout: changes.timeout ?? 30_000, kind: { usualRunTime: changes.usualRunTime } }) as Work;

/** A thread that has run the job at position 4 for so many milliseconds at 1000. */
const running = (ranFor: number, changes: Partial<View> = {}): View => ({
  phase: PHASE.RUNNING,
  position: 4,
  since: 1_000 - ranFor,
  running: work(),
  behind: [],
  owesResults: false,
  written: 0,
  ...changes,
});

const between = (changes: Partial<View> = {}): View => running(0, { phase: PHASE.IDLE, running: undefined, ...changes });

describe('a thread that runs a job', () => {
  test('alone is looked at again when the job is over its limit, or after 100 ms', () => {
    expect(inspect(running(5), undefined, 1_000)).toEqual({ is: 'fine', lookAgainIn: 100, seenIdleAt: undefined });
    expect(inspect(running(5, { running: work({ timeout: 90 }) }), undefined, 1_000)).toMatchObject({ lookAgainIn: 85 });
    expect(inspect(running(200, { running: work({ timeout: 200 }) }), undefined, 1_000)).toMatchObject({
      is: 'over',
      running: { position: 4, since: 800 },
    });
  });

  test('loses those behind it after 10 ms, or twice what it usually takes', () => {
    const behind = [work()];
    expect(inspect(running(4, { behind }), undefined, 1_000)).toMatchObject({ is: 'fine', lookAgainIn: 6 });
    expect(inspect(running(10, { behind }), undefined, 1_000)).toMatchObject({ is: 'holding-back' });
    expect(inspect(running(10, { behind, running: work({ usualRunTime: 9 }) }), undefined, 1_000)).toMatchObject({
      is: 'fine',
      lookAgainIn: 8,
    });
  });

  test('is looked at again within 10 ms as long as results before it have not arrived', () => {
    expect(inspect(running(5, { owesResults: true }), undefined, 1_000)).toMatchObject({ is: 'fine', lookAgainIn: 10 });
  });
});

describe('a thread between two jobs', () => {
  test('is looked at again within 10 ms when others wait for it', () => {
    expect(inspect(between({ behind: [work()] }), undefined, 1_000)).toMatchObject({ is: 'fine', lookAgainIn: 10 });
    expect(inspect(between({ owesResults: true }), undefined, 1_000)).toMatchObject({ is: 'fine', lookAgainIn: 10 });
    expect(inspect(between(), undefined, 1_000)).toMatchObject({ is: 'fine', lookAgainIn: 100 });
  });

  test('is stuck when it is there after a second, and not when it is between two others', () => {
    expect(inspect(between(), { position: 4, at: 0 }, 1_000)).toEqual({ is: 'stuck' });
    expect(inspect(between(), { position: 4, at: 1 }, 1_000)).toMatchObject({ is: 'fine', seenIdleAt: { position: 4, at: 1 } });
    expect(inspect(between(), { position: 3, at: 0 }, 1_000)).toMatchObject({ is: 'fine', seenIdleAt: { position: 4, at: 1_000 } });
  });

  test('may read what it was sent for as long as it took to write it, times 20', () => {
    expect(inspect(between({ written: 100 }), { position: 4, at: 0 }, 2_999)).toMatchObject({ is: 'fine' });
    expect(inspect(between({ written: 100 }), { position: 4, at: 0 }, 3_000)).toEqual({ is: 'stuck' });
    expect(inspect(between({ written: 1e9 }), { position: 4, at: 0 }, 30_000)).toEqual({ is: 'stuck' });
  });
});

test('a thread that goes on to its next job while it is looked at is not seen half in the one and half in the other', () => {
  const shared = SharedMemory.for(2);
  const jobs = new Assignments(shared);
  const [slow, next] = [work({ timeout: 100 }), work({ timeout: 50 })];
  const goOn = () => {
    Atomics.add(shared.cells, CELL.CLAIMED, 1);
    shared.since[0] = 1_000;
    return 0;
  };
  // The look reads how long its batch took to write; by then the thread has gone on.
  jobs.add([slow, next], 1, { valueOf: goOn } as never);
  Atomics.store(shared.cells, CELL.CLAIMED, 1);
  Atomics.store(shared.cells, CELL.PHASE, PHASE.RUNNING);
  shared.since[0] = 920;
  expect(jobs.view()).toMatchObject({ position: 0, since: 920, running: slow, behind: [next] });
  expect(jobs.view()).toMatchObject({ position: 1, since: 1_000, running: next, behind: [] });
});
