import { setTimeout as sleep } from 'node:timers/promises';
import { defineJob } from 'threadmill/job';
import { z } from 'zod';

export const render = defineJob({
  name: 'render',
  module: import.meta.url,
  input: z.object({ ms: z.number() }),
  run: ({ ms }) => {
    for (const end = performance.now() + ms; performance.now() < end; );
  },
});

export const fetchPage = defineJob({
  name: 'fetch',
  module: import.meta.url,
  input: z.object({ ms: z.number() }),
  maxAttempts: 2,
  backoff: { type: 'fixed', delay: 20, jitter: 0 },
  run: async ({ ms }, { attempt }) => {
    await sleep(ms);
    if (ms > 30 && attempt === 1) throw new Error('connection lost');
  },
});

export const search = defineJob({
  name: 'search',
  module: import.meta.url,
  input: z.object({ pattern: z.string(), text: z.string() }),
  timeout: 60,
  maxAttempts: 1,
  run: ({ pattern, text }) => ({ found: new RegExp(pattern).test(text) }),
});
