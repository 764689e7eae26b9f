import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { defineJob, transfer } from 'threadmill/job';
import { z } from 'zod';

// 1. A reference: the thread reads the file itself.
export const digest = defineJob({
  name: 'digest',
  module: import.meta.url,
  input: z.object({ path: z.string() }),
  run: async ({ path }) => {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(path)) hash.update(chunk);
    return hash.digest('hex');
  },
});

// 2. Shared memory: every job sees the same bytes, none has a copy.
export const brightness = defineJob({
  name: 'brightness',
  module: import.meta.url,
  input: z.object({ pixels: z.instanceof(SharedArrayBuffer), from: z.number(), to: z.number() }),
  run: ({ pixels, from, to }) => {
    let sum = 0;
    for (const pixel of new Uint8Array(pixels, from, to - from)) sum += pixel;
    return sum;
  },
});

// 3. A result that is moved: its buffer changes hands, whatever its size.
export const gradient = defineJob({
  name: 'gradient',
  module: import.meta.url,
  input: z.object({ size: z.number() }),
  run: ({ size }) => {
    const pixels = new Uint8Array(size).map((_, index) => index);
    return transfer({ pixels }, [pixels.buffer]);
  },
});

export const invert = defineJob({
  name: 'invert',
  module: import.meta.url,
  maxAttempts: 1,
  input: z.object({ pixels: z.instanceof(Uint8Array) }),
  run: ({ pixels }) => {
    for (let index = 0; index < pixels.length; index++) pixels[index] = 255 - (pixels[index] as number);
    return transfer(pixels, [pixels.buffer as ArrayBuffer]);
  },
});
