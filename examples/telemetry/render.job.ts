import { trace } from '@opentelemetry/api';
import { defineJob } from 'threadmill/job';
import { z } from 'zod';

const tracer = trace.getTracer('render');

export const render = defineJob({
  name: 'render',
  module: import.meta.url,
  input: z.object({ pages: z.int().positive() }),
  timeout: 2_000,
  run: ({ pages }) =>
    tracer.startActiveSpan('lay out', (span) => {
      let sum = 0;
      for (let n = 0; n < pages * 1e6; n++) sum += Math.sqrt(n);
      span.setAttribute('pages', pages);
      span.end();
      return { sum };
    }),
});

export const hang = defineJob({
  name: 'hang',
  module: import.meta.url,
  input: z.object({}),
  timeout: 100,
  maxAttempts: 1,
  run: () => {
    for (;;);
  },
});
