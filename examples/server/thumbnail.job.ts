import { defineJob, UnrecoverableError } from 'threadmill/job';
import { z } from 'zod';
import { makeThumbnail } from './thumbnail.js';

/** Makes an image small. */
export const thumbnail = defineJob({
  name: 'thumbnail',
  module: import.meta.url,
  input: z.object({ image: z.instanceof(Uint8Array<ArrayBufferLike>), width: z.coerce.number().int().min(16).max(1_024).default(320) }),
  timeout: 5_000,
  run: async ({ image, width }, context) => {
    context.log.debug(`${image.byteLength} bytes to a width of ${width}`);
    try {
      return await makeThumbnail(image, width);
    } catch (error) {
      throw new UnrecoverableError(`this is no image that can be read: ${(error as Error).message}`, { cause: error });
    }
  },
});
