import { defineJob } from 'threadmill/job';
import { z } from 'zod';

export const measure = defineJob({
  name: 'measure',
  module: import.meta.url,
  input: z.object({ line: z.string() }),
  run: ({ line }) => line.length,
});

// 1. Long work in steps: each is told, and kept for the next attempt.
export const sumUp = defineJob({
  name: 'sum-up',
  module: import.meta.url,
  input: z.object({ numbers: z.array(z.number()) }),
  timeout: 500,
  backoff: { type: 'fixed', delay: 0 },
  run: ({ numbers }, context) => {
    const state = (context.lastCheckpoint as { next: number; sum: number } | undefined) ?? { next: 0, sum: 0 };
    context.log.info(`attempt ${context.attempt} starts at ${state.next}`);
    while (state.next < numbers.length) {
      state.sum += numbers[state.next++] as number;
      context.progress(state.next / numbers.length);
      context.checkpoint(state);
      // On the first attempt something goes wrong in the middle: it hangs, and is killed when its time is over.
      if (context.attempt === 1 && state.next === numbers.length / 2) for (;;);
    }
    return { sum: state.sum };
  },
});
