import { describe, expect, test } from 'vitest';
import { inspect, type View } from '../../dist/threads/inspect.js';
import type { Work } from '../../dist/threads/runner.js';
import { PHASE } from '../../dist/threads/wire/shared-memory.js';

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
  test('alone is looked at again when the job is over its limit, or after a second', () => {
    expect(inspect(running(5), undefined, 1_000)).toEqual({ is: 'fine', lookAgainIn: 1_000, seenIdleAt: undefined });
    expect(inspect(running(5, { running: work({ timeout: 200 }) }), undefined, 1_000)).toMatchObject({ lookAgainIn: 195 });
    expect(inspect(running(200, { running: work({ timeout: 200 }) }), undefined, 1_000)).toEqual({ is: 'over' });
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
    expect(inspect(between(), undefined, 1_000)).toMatchObject({ is: 'fine', lookAgainIn: 1_000 });
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
