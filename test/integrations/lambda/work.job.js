import { defineJob } from 'threadmill/job';
import { z } from 'zod';

/** Computes for half a second of a processor, which is far from its limit. */
export const work = defineJob({
  name: 'work',
  module: import.meta.url,
  input: z.object({}),
  timeout: 3_000,
  run: () => {
    const before = process.cpuUsage();
    for (let used = 0; used < 500_000; ) {
      const { user, system } = process.cpuUsage(before);
      used = user + system;
    }
    return 'done';
  },
});
