import { expect, test } from 'vitest';
import { run } from './scripts.js';

test('closing a queue while its threads boot leaves the process alive', async () => {
  expect(await run('boots-and-closes')).toMatchObject({ stdout: 'end', stderr: '', code: 0, signal: null });
});
