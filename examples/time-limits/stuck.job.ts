import { defineJob } from 'threadmill/job';
import { z } from 'zod';

const module = import.meta.url;

/** A pattern with nested quantifiers backtracks for ever on ordinary text: nothing in it ever yields. */
export const matches = defineJob({
  name: 'matches',
  module,
  input: z.object({ pattern: z.string(), text: z.string() }),
  timeout: 500,
  run: ({ pattern, text }) => new RegExp(pattern).test(text),
});

/** Notices that its time is over, keeps what it has, and ends by itself: its thread goes on, and the next attempt too. */
export const sum = defineJob({
  name: 'sum',
  module,
  input: z.object({ to: z.number() }),
  timeout: 300,
  gracePeriod: 5_000,
  maxAttempts: 20,
  backoff: { type: 'fixed', delay: 1 },
  run: ({ to }, context) => {
    let { n, total } = (context.lastCheckpoint as { n: number; total: number } | undefined) ?? { n: 0, total: 0 };
    for (; n < to; n++) {
      total += n;
      if (n % 1_000_000 === 0 && context.aborted) {
        context.checkpoint({ n: n + 1, total });
        context.throwIfAborted();
      }
    }
    return total;
  },
});
