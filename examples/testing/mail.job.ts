import { defineJob } from 'threadmill/job';
import { z } from 'zod';

/** What the handlers of this example do to the world. */
export const outbox: string[] = [];

export const sendMail = defineJob({
  name: 'send-mail',
  module: import.meta.url,
  input: z.object({ to: z.email(), text: z.string().default('Welcome!') }),
  maxAttempts: 3,
  timeout: 5_000,
  backoff: { type: 'exponential', delay: 60_000, jitter: 0.5 },
  run: async ({ to, text }, context) => {
    context.log.info({ to }, 'sending');
    outbox.push(`${to}: ${text}`);
    return { sent: text.length };
  },
});

/** Goes on where an earlier attempt was killed. */
export const importRows = defineJob({
  name: 'import-rows',
  module: import.meta.url,
  input: z.object({ rows: z.array(z.string()) }),
  run: async ({ rows }, context) => {
    let done = (context.lastCheckpoint as number | undefined) ?? 0;
    for (; done < rows.length; done++) {
      if (rows[done] === '') throw new Error(`row ${done} is empty`);
      context.checkpoint(done + 1);
    }
    return { done };
  },
});

export const awaitReply = defineJob({
  name: 'await-reply',
  module: import.meta.url,
  input: z.object({ from: z.email() }),
  timeout: 5_000,
  // Nobody answers.
  run: () => new Promise<string>(() => {}),
});

/** With a bug: a function cannot leave its thread. */
export const makeReport = defineJob({
  name: 'make-report',
  module: import.meta.url,
  input: z.object({}),
  run: () => ({ lines: outbox.length, print: () => console.log('report') }),
});
