import { expect, test } from 'vitest';
import { run } from './scripts.js';

test.concurrent('a script that adds jobs and ends stays alive until they are done', async ({ expect }) => {
  expect(await run('adds-and-ends')).toEqual({ stdout: 'sum sum flaky ', stderr: '', code: 0, signal: null });
});

test.concurrent.for(['new', 'ready', 'used', 'closed', 'twice'])(
  'an idle queue (%s) does not keep the process alive',
  async (how, { expect }) => {
    expect(await run('idle', how)).toEqual({ stdout: 'end', stderr: '', code: 0, signal: null });
  },
);

test.concurrent('a job that nobody awaits causes no unhandledRejection', async ({ expect }) => {
  expect(await run('unhandled')).toEqual({ stdout: 'drained', stderr: '', code: 0, signal: null });
});

test.concurrent.for(['idle', 'closed'])('a queue with a rate limit (%s) does not keep the process alive', async (how, { expect }) => {
  expect(await run('rate-limited', how)).toEqual({ stdout: 'end', stderr: '', code: 0, signal: null });
});

test.concurrent('a schedule keeps the process alive until it is stopped', async ({ expect }) => {
  expect(await run('scheduled')).toEqual({ stdout: 'run stopped', stderr: '', code: 0, signal: null });
});

test('the scripts are there', async () => {
  expect((await run('no-such-script')).code).toBe(1);
});

test('what is logged before the default logger has loaded is logged all the same', async () => {
  const { stdout, stderr, code } = await run('logs-early');
  expect({ stdout, code }).toEqual({ stdout: 'said at once', code: 0 });
  expect(JSON.parse(stderr)).toMatchObject({ name: 'threadmill', level: 50, queue: 'default', err: { message: 'thrown by a listener' } });
});

test('where pino cannot be loaded jobs run all the same, a warning says so, and what would have been logged is not kept', async () => {
  const { stdout, code } = await run('logs-nowhere');
  const warning = 'pino cannot be loaded, so nothing is logged: no such package';
  expect({ stdout, code }).toEqual({ stdout: `done ${warning} forgotten`, code: 0 });
});
