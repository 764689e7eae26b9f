import { z } from 'zod';
import { defineJob } from '../index.js';

/** Does nothing: what a job costs although it has nothing to do. */
export const probe = defineJob({ name: 'threadmill-probe', module: import.meta.url, input: z.any(), maxAttempts: 1, run: () => undefined });
