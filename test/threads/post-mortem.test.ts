import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import type { Job, JobQueue, TimeoutError } from 'threadmill';
import { describe, expect, it } from 'vitest';
import { framesOf, interpret, placeOf, type Sighting, sightingOf } from '../../dist/threads/post-mortem.js';
import { crowded, patient, stuck } from '../fixtures/stuck.job.js';
import { makeQueue } from '../helpers.js';

async function endOf(queue: JobQueue, way: string): Promise<TimeoutError> {
  return queue.run(stuck, way, { deadLetter: true }).then(
    () => expect.fail('the job did not time out'),
    (error) => error,
  );
}

describe('a post-mortem', () => {
  it.each([
    ['loop', 'loop'],
    ['regex', 'catastrophic'],
    ['recursion', 'deeper'],
    ['nested', 'loop'],
    ['wait', 'wait'],
    ['own stacks', 'own stacks'],
  ])('of a job that is computing names the place: %s', async (way, functionName) => {
    const error = await endOf(makeQueue({ jobs: [stuck] }), way);
    expect(error.postMortem).toMatchObject({ kind: 'cpu' });
    const [top] = error.postMortem?.stack ?? [];
    expect(top).toMatchObject({ url: expect.stringMatching(/stuck\.job\.js$/), line: expect.any(Number) });
    expect(top?.functionName).toBe(functionName);
    expect(error.message).toBe(`stuck timed out after 60 ms in ${functionName} (stuck.job.js:${top?.line})`);
    expect(error.stack).toContain(`\n    at ${functionName} (`);
    expect(error.postMortem?.hot?.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
  });

  it('of a job that is computing says so: wasm', async () => {
    expect((await endOf(makeQueue({ jobs: [stuck] }), 'wasm')).postMortem?.kind).toBe('cpu');
  });

  it('of a loop of microtasks is taken in it, or between two of them', async () => {
    const { postMortem } = await endOf(makeQueue({ jobs: [stuck] }), 'microtasks');
    expect(['cpu', 'awaiting']).toContain(postMortem?.kind);
  });

  it('leaves out the frames of Node.js, threadmill and Piscina', async () => {
    const { postMortem } = await endOf(makeQueue({ jobs: [stuck] }), 'nested');
    expect(postMortem?.stack.map(({ functionName }) => functionName)).toEqual(['loop', 'nested', 'run']);
  });

  it('of an await that does not settle says what is open', async () => {
    const error = await endOf(makeQueue({ jobs: [stuck] }), 'pending');
    expect(error.postMortem).toMatchObject({ kind: 'awaiting', stack: [], resources: ['Timeout'] });
    expect(error.message).toBe('stuck timed out after 60 ms waiting for something that did not come (open: Timeout)');
  });

  it.skipIf(process.platform !== 'linux')('of a native call says that it cannot be interrupted', async () => {
    const error = await endOf(makeQueue({ jobs: [stuck] }), 'native');
    expect(error.postMortem).toMatchObject({ kind: 'native', stack: [] });
    expect(error.message).toBe('stuck timed out after 60 ms in a native call that cannot be interrupted');
  });

  it('is in the dead letter, and its place in the log', async () => {
    const lines: string[] = [];
    const log = (fields: object) => lines.push(inspect(fields, { depth: 5 }));
    const queue = makeQueue({ jobs: [stuck], logger: { trace: log, debug: log, info: log, warn: log, error: log } });
    await endOf(queue, 'regex');
    expect(queue.deadLetters.list()[0]?.error).toMatchObject({ postMortem: { kind: 'cpu' } });
    expect(lines.some((line) => line.includes('in catastrophic (stuck.job.js:'))).toBe(true);
  });

  it('is waited for where it is under way and takes long: to terminate the thread in it aborts Node.js 20', async () => {
    const { postMortem } = await endOf(makeQueue({ jobs: [stuck] }), 'slow stacks');
    expect(postMortem).toMatchObject({
      kind: 'cpu',
      stack: [{ functionName: 'wait' }, { functionName: 'slow stacks' }, { functionName: 'run' }],
    });
  });

  it('is taken of several jobs at once', async () => {
    const queue = makeQueue({ jobs: [stuck], threads: 3 });
    const ends = await Promise.all(['loop', 'regex', 'recursion', 'pending', 'wait', 'loop'].map((way) => endOf(queue, way)));
    expect(ends.map(({ postMortem }) => postMortem?.kind)).toEqual(['cpu', 'cpu', 'cpu', 'awaiting', 'cpu', 'cpu']);
  });

  it('is not taken with postMortem: false', async () => {
    const error = await endOf(makeQueue({ jobs: [stuck], postMortem: false }), 'loop');
    expect(error.postMortem).toBeUndefined();
    expect(error.message).toBe('stuck timed out after 60 ms');
  });

  it('changes no outcome: kills in a row leave the queue as it was', { timeout: 120_000 }, async () => {
    const queue = makeQueue({ jobs: [stuck], threads: 2 });
    const ways = ['loop', 'regex', 'wait', 'recursion', 'pending'];
    const ends = await Promise.all(Array.from({ length: 40 }, (_, index) => endOf(queue, ways[index % ways.length] as string)));
    expect(new Set(ends.map(({ code }) => code))).toEqual(new Set(['ERR_TIMEOUT']));
    expect(ends.filter(({ postMortem }) => postMortem?.kind === 'native' || postMortem?.kind === 'unknown')).toEqual([]);
    expect(queue.stats()).toMatchObject({ totals: { failed: 40, timedOut: 40 }, threads: { busy: 0, zombies: 0, killed: 40 } });
  });
});

describe('explain with a stack', () => {
  it('tells where a running job is, and the job goes on', async () => {
    const queue = makeQueue({ jobs: [patient] });
    const shared = new SharedArrayBuffer(4);
    const job: Job = await queue.add(patient, shared);
    await new Promise((resolve) => queue.once('progress', resolve));
    const explanation = await queue.inspect(job.id);
    expect(explanation).toMatchObject({ state: 'active', phase: 'running', where: { kind: 'cpu' } });
    expect(explanation?.where?.stack[0]).toMatchObject({ functionName: 'run', url: expect.stringMatching(/stuck\.job\.js$/) });
    const [first, second] = await Promise.all([queue.inspect(job.id), queue.inspect(job.id)]);
    expect(second?.where, 'who asks during a look gets what it finds').toBe(first?.where);
    expect((await queue.inspect(job.id))?.where).not.toBe(first?.where);
    Atomics.store(new Int32Array(shared), 0, 1);
    expect(await job.result(), 'its own settings are as it left them').toEqual({ stackTraceLimit: 7 });
  });

  it('names what is open once, however much there is', async () => {
    const queue = makeQueue({ jobs: [crowded] });
    const job: Job = await queue.add(crowded, 100_000);
    await new Promise((resolve) => queue.once('progress', resolve));
    const where = async () => (await queue.inspect(job.id))?.where;
    let found = await where();
    // It may still be at what it said.
    while (found?.kind === 'cpu') found = await where();
    expect(found).toMatchObject({ kind: 'awaiting', resources: ['Timeout'] });
  });

  it('is the plain explanation for a job that does not run', async () => {
    const queue = makeQueue();
    queue.pause();
    const { id } = await queue.add(stuck, 'loop');
    expect(await queue.inspect(id)).toEqual(queue.explain(id));
    expect(await queue.inspect('nobody')).toBeUndefined();
  });
});

describe('what a thread answers', () => {
  const site = ['work', 'file:///app/jobs.js', 7, 3];
  const answer = { frames: [site, [null, null, null, null]], resources: ['Timeout'], heapUsed: 1 };

  it('is taken where it is what a probe answers', () => {
    expect(sightingOf(answer)).toEqual(answer);
    expect(sightingOf({ ...answer, frames: [] })).toEqual({ ...answer, frames: [] });
  });

  it.each([
    undefined,
    null,
    'frames',
    {},
    { ...answer, frames: 'none' },
    { ...answer, frames: [undefined] },
    { ...answer, frames: [site.slice(1)] },
    { ...answer, frames: [[...site, 1]] },
    { ...answer, frames: [site, [7, 'file:///app/jobs.js', 7, 3]] },
    { ...answer, frames: [['work', {}, 7, 3]] },
    { ...answer, frames: [['work', 'file:///app/jobs.js', '7', 3]] },
    { ...answer, frames: [['work', 'file:///app/jobs.js', 7, Number.NaN]] },
  ])('is not taken where a handler has changed its frames: %j', (changed) => {
    expect(sightingOf(changed)).toBeUndefined();
  });

  it.each([undefined, 'Timeout', [1]])('has no resources where those are %j, and no heap where that is no number', (wrong) => {
    expect(sightingOf({ ...answer, resources: wrong, heapUsed: wrong })).toEqual({ ...answer, resources: [], heapUsed: undefined });
  });
});

describe('what looks say', () => {
  const site: [string | null, string, number, number] = ['work', 'file:///app/jobs.js', 7, 3];

  it('it awaits something where nothing runs but the look; where our own code runs, no place in the job is known', () => {
    const look = (frames: (typeof site)[]): [Sighting] => [{ frames, resources: ['Timeout', 'MessagePort'], heapUsed: 1 }];
    expect(interpret(look([['', '', 1, 1]]), false)).toMatchObject({ kind: 'awaiting', resources: ['Timeout'] });
    const own = fileURLToPath(new URL('../../dist/threads/inside/entry.cjs', import.meta.url));
    expect(
      interpret(
        look([
          ['', '', 1, 1],
          ['#run', own, 1, 1],
        ]),
        false,
      ),
    ).toMatchObject({ kind: 'cpu', stack: [] });
  });

  it('hot places by how often they were seen', () => {
    const look = (line: number) => ({ frames: [['work', 'file:///app/jobs.js', line, 1] as typeof site], resources: [], heapUsed: 1 });
    expect(interpret([look(7), look(8), look(8), look(8)], false).hot).toEqual([
      { functionName: 'work', url: 'file:///app/jobs.js', line: 8, share: 0.75 },
      { functionName: 'work', url: 'file:///app/jobs.js', line: 7, share: 0.25 },
    ]);
  });

  it('frames of files only', () => {
    const frames = framesOf([['evaluate', '', 1, 1], ['read', 'node:fs', 1, 1], [null, 'file:///app/jobs.js', 2, 1], site]);
    expect(frames.map(({ functionName }) => functionName)).toEqual(['(anonymous)', 'work']);
    expect(placeOf({ kind: 'cpu', stack: frames })).toBe(' in (anonymous) (jobs.js:2)');
  });
});
