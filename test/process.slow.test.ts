import { expect, test } from 'vitest';
import { run } from './scripts.js';

test('closing a queue while its threads boot leaves the process alive', async () => {
  expect(await run('boots-and-closes')).toMatchObject({ stdout: 'end', stderr: '', code: 0, signal: null });
});

// Its jobs stood still with it: what is left of their time is theirs.
test.skipIf(process.platform === 'win32')('a job keeps its time while the process stands still, and no more', async () => {
  const { stdout, stderr, code } = await run('stands-still');
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  expect(JSON.parse(stdout)).toEqual(['done', 'ERR_TIMEOUT', 0]);
});
