import { defineJob } from 'threadmill/job';
import { z } from 'zod';

export const resize = defineJob({
  name: 'resize',
  module: import.meta.url,
  input: z.object({ width: z.number().positive(), pixels: z.instanceof(Uint8Array) }),
  timeout: 1_000,
  run: ({ width, pixels }) => ({ width, size: pixels.length }),
});
