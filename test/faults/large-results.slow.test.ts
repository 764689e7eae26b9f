import { expect, test } from 'vitest';
import { trial } from './bench.js';

test('a result of 500 MB arrives, or is refused, and harms no other job', async () => {
  const { output, error } = await trial({ does: 'return a text of 500 MB' }, { timeout: 60_000 });
  if (error === undefined) expect((output as string).length).toBe(500_000_000);
  else expect(error).toMatchObject({ code: 'ERR_NOT_CLONEABLE' });
});
