import { describe, expect, it } from 'vitest';
import { Inspections, isInNativeCode } from '../../dist/threads/inspections.js';
import { Answering } from '../../dist/threads/wire/answering.js';
import { kernelState, kernelThreadId } from '../../dist/threads/wire/kernel-thread.js';
import { CELLS, PHASE } from '../../dist/threads/wire/shared-memory.js';
import { stuck } from '../fixtures/stuck.job.js';
import { caught, makeQueue } from '../helpers.js';

describe('of a thread that does not answer', () => {
  const at = (sleeps: boolean, ran: number) => ({ sleeps, ran });

  it('it is known that it is in native code when it sleeps, or has run for long', () => {
    expect(isInNativeCode(at(false, 10), at(true, 10))).toBe(true);
    expect(isInNativeCode(at(false, 10), at(false, 100))).toBe(true);
  });

  it('nothing is known when it got no CPU, or the operating system does not tell', () => {
    expect(isInNativeCode(at(false, 10), at(false, 20))).toBe(false);
    expect(isInNativeCode(undefined, undefined)).toBe(false);
    expect(isInNativeCode(at(false, 10), undefined)).toBe(false);
  });
});

/** What comes of a look when a thread's answer, or the way to it, is this. */
function lookWith(evaluate: (...args: any[]) => Promise<any>, phase: number = PHASE.RUNNING, cells = new Int32Array(CELLS)) {
  const worker = { performance: { eventLoopUtilization: () => ({ utilization: 1 }) } };
  return new Inspections({ evaluate }).of({ worker, threadId: 1, phase, answering: new Answering(cells) } as never);
}

describe('a look never throws', () => {
  const frames = [['work', 'file:///app/jobs.js', 7, 3]];

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'Error\n    at work'],
    ['no frames', { resources: [], heapUsed: 1 }],
    ['frames that are none', { frames: 'work', resources: [], heapUsed: 1 }],
    ['frames of objects', { frames: [{ url: 'file:///app' }], resources: [] }],
    ['names that are none', { frames: [[{}, 7, 'x', []]], resources: [] }],
  ])('at %s: nothing is known', async (_what, value) => {
    expect(await lookWith(() => Promise.resolve({ value }))).toMatchObject({ kind: 'unknown', stack: [] });
  });

  it.each<[string, object]>([
    ['no resources', { frames }],
    ['resources that are none', { frames, resources: [{}], heapUsed: 'much' }],
  ])('at %s: the rest counts', async (_what, value) => {
    expect(await lookWith(() => Promise.resolve({ value }))).toMatchObject({ kind: 'cpu', stack: [{ functionName: 'work' }] });
  });

  it('without an answer: nothing is known, but that a module loads', async () => {
    expect(await lookWith(async () => undefined)).toMatchObject({ kind: 'unknown', stack: [], why: expect.stringMatching(/^no answer/) });
    expect(await lookWith(async () => undefined, PHASE.LOADING)).toMatchObject({ kind: 'loading', stack: [] });
  });

  it('a thread that has begun to answer is not given up, one that has not is where nothing is known of it', async () => {
    const cells = new Int32Array(CELLS);
    const isGivenUp: boolean[] = [];
    await lookWith(
      async (_threadId, _expression, _interval, giveUp) => {
        isGivenUp.push(giveUp());
        new Answering(cells).begins();
        isGivenUp.push(giveUp());
      },
      PHASE.RUNNING,
      cells,
    );
    expect(isGivenUp).toEqual([true, false]);
  });

  it('when the thread cannot be asked', async () => {
    expect(await lookWith(() => Promise.reject(new Error('no such session')))).toMatchObject({ kind: 'unknown', why: 'no such session' });
  });
});

it('the operating system knows this thread, on Linux', () => {
  const thread = kernelThreadId();
  if (process.platform !== 'linux') return expect(thread).toBeUndefined();
  const before = kernelState(thread);
  expect(before?.sleeps).toBe(false);
  const { user, system } = process.cpuUsage();
  expect(before?.ran).toBeLessThanOrEqual((user + system) / 1e3 + 20);
  return expect(kernelState(undefined)).toBeUndefined();
});

it('many threads stuck at once are all seen, and none is said to be in native code', { timeout: 60_000 }, async () => {
  const threads = 16;
  const queue = makeQueue({ jobs: [stuck], threads });
  await queue.ready();
  const ends = await Promise.all(Array.from({ length: threads }, () => caught(queue.run(stuck, 'loop'))));
  const kinds = ends.map(({ postMortem }) => postMortem.kind);
  expect(kinds.filter((kind) => kind !== 'cpu' && kind !== 'unknown')).toEqual([]);
  expect(kinds).toContain('cpu');
});
