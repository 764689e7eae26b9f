import { execFile } from 'node:child_process';
import { pbkdf2Sync } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { defineJob } from 'threadmill/job';
import { z } from 'zod';

const run = promisify(execFile);
const allocator = fileURLToPath(new URL('./allocate.js', import.meta.url));

// A process of its own: it can run out of memory, crash or be killed, and only this job fails.
export const allocate = defineJob({
  name: 'allocate',
  module: import.meta.url,
  input: z.object({ items: z.number() }),
  timeout: 10_000,
  gracePeriod: 500,
  maxAttempts: 1,
  run: async ({ items }, { signal }) => {
    const args = ['--max-old-space-size=64', allocator, String(items)];
    const { stdout } = await run(process.execPath, args, { signal, killSignal: 'SIGKILL' });
    return Number(stdout);
  },
});

// A program that hangs: the signal kills it, within the grace period, and the thread goes on.
export const hang = defineJob({
  name: 'hang',
  module: import.meta.url,
  input: z.object({}),
  timeout: 300,
  gracePeriod: 500,
  maxAttempts: 1,
  run: async (_input, { signal }) => {
    await run(process.execPath, ['-e', 'for (;;);'], { signal, killSignal: 'SIGKILL' });
  },
});

// One native call that nothing can interrupt: its thread stays until it returns.
export const deriveAtOnce = defineJob({
  name: 'derive-at-once',
  module: import.meta.url,
  input: z.object({ password: z.string() }),
  timeout: 50,
  maxAttempts: 1,
  run: ({ password }) => pbkdf2Sync(password, 'salt', 4_000_000, 64, 'sha512').toString('hex'),
});

// The same kind of work in short calls: between two of them the thread can be terminated, or stop by itself.
export const deriveInSteps = defineJob({
  name: 'derive-in-steps',
  module: import.meta.url,
  input: z.object({ password: z.string() }),
  timeout: 50,
  gracePeriod: 1_000,
  maxAttempts: 1,
  run: ({ password }, context) => {
    let key = password;
    for (let step = 0; step < 4_000; step++) {
      context.throwIfAborted();
      key = pbkdf2Sync(key, 'salt', 1_000, 64, 'sha512').toString('hex');
    }
    return key;
  },
});
