import { setTimeout as sleep } from 'node:timers/promises';
import { defineJob } from 'threadmill/job';
import { z } from 'zod';

const module = import.meta.url;

export const report = defineJob({
  name: 'report',
  module,
  input: z.object({ month: z.string() }),
  run: async ({ month }) => {
    await sleep(50);
    return `the report of ${month}`;
  },
});

export const order = defineJob({ name: 'order', module, input: z.object({ items: z.number() }), run: ({ items }) => items });

export const index = defineJob({ name: 'index', module, input: z.object({ text: z.string() }), run: ({ text }) => text.length });

export const refresh = defineJob({ name: 'refresh', module, input: z.object({ visitor: z.number() }), run: ({ visitor }) => visitor });
