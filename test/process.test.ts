import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

/** Runs a script of the fixtures; one that does not end by itself is killed, and shows by its signal. */
function run(script: string, ...args: string[]): Promise<{ stdout: string; stderr: string; code: unknown; signal: unknown }> {
  const file = fileURLToPath(new URL(`./fixtures/scripts/${script}.js`, import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [file, ...args], { timeout: 25_000, killSignal: 'SIGKILL' }, (error, stdout, stderr) => {
      resolve({ stdout, stderr, code: error ? error.code : 0, signal: error?.signal ?? null });
    });
  });
}

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

test('closing a queue while its threads boot leaves the process alive', async () => {
  expect(await run('boots-and-closes')).toMatchObject({ stdout: 'end', stderr: '', code: 0, signal: null });
});

test('the scripts are there', async () => {
  expect((await run('no-such-script')).code).toBe(1);
});
