import { z } from 'zod';
import { checkOptions } from '../check-options.js';

/** What `close` is told. */
export interface CloseOptions {
  /** What is still run: all jobs, only the active attempts, or nothing. Default `'all'`. */
  drain?: 'all' | 'active' | 'none';
  /** Milliseconds before the rest is given up. Default 30 000. */
  timeout?: number;
}

const closeSchema = z.strictObject({
  drain: z.enum(['all', 'active', 'none']).default('all'),
  timeout: z.number().min(0).default(30_000),
});

/** Throws `OptionsError`. */
export function checkCloseOptions(options: CloseOptions): Required<CloseOptions> {
  return checkOptions(closeSchema, options, 'close');
}
