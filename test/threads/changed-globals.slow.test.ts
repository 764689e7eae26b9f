import { TimeoutError } from 'threadmill';
import { describe, expect, it } from 'vitest';
import { echo } from '../fixtures/answers.job.js';
import { changesAndHangs, ways } from '../fixtures/changed-globals.job.js';
import { caught, makeQueue } from '../helpers.js';

/** How it ends where its thread got a CPU in time to answer. */
async function answeredEnd(way: string): Promise<TimeoutError> {
  const queue = makeQueue({ jobs: [changesAndHangs] });
  for (;;) {
    const error: TimeoutError = await caught(queue.run(changesAndHangs, way));
    if (!error.postMortem?.why?.startsWith('no answer')) return error;
  }
}

/** Of one that can be read, the innermost call is the handler's. */
const READABLE = { kind: 'cpu', stack: [{ functionName: 'run' }] };

describe('a job that has changed the globals of its thread', () => {
  it('is killed at its limit, whatever it has changed, and the queue goes on', { timeout: 60_000 }, async () => {
    const queue = makeQueue({ jobs: [changesAndHangs] });
    for (const way of ways) {
      const error = await caught(queue.run(changesAndHangs, way));
      expect(error, way).toBeInstanceOf(TimeoutError);
      expect(['cpu', 'unknown'], way).toContain(error.postMortem.kind);
      expect(await queue.run(echo, way), way).toBe(way);
    }
    expect(queue.stats()).toMatchObject({ totals: { timedOut: ways.length }, threads: { killed: ways.length, busy: 0 } });
  });

  it.each(['process.getActiveResourcesInfo', 'process.memoryUsage', 'process removed', 'Error.prototype.stack', 'Error replaced'])(
    'tells where it was stuck all the same: %s',
    async (way) => {
      const { postMortem } = await answeredEnd(way);
      expect(postMortem).toMatchObject(READABLE);
      expect(postMortem?.heapUsed).toBeGreaterThan(0);
    },
  );

  it('says why nothing is known where its stack cannot be read', async () => {
    const { message, postMortem } = await answeredEnd('Error frozen');
    expect(postMortem).toEqual({ kind: 'unknown', stack: [], why: 'its stack cannot be read: was Error changed or frozen?' });
    expect(message).toBe(`changes-and-hangs timed out after 60 ms; where is not known (${postMortem?.why})`);
  });

  it('is killed in threads with frozen intrinsics', async () => {
    const queue = makeQueue({ jobs: [changesAndHangs], worker: { execArgv: ['--frozen-intrinsics', '--no-warnings'] } });
    expect(await caught(queue.run(changesAndHangs, 'none'))).toBeInstanceOf(TimeoutError);
    expect(await queue.run(echo, 1)).toBe(1);
  });
});
