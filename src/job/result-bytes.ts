import { pack } from './payload.js';
import type { JobRecord } from './record.js';

/** Estimate of what a result takes. */
export function resultBytes({ output }: JobRecord): number {
  try {
    return pack(output, 'output').bytes;
  } catch {
    // It came from a thread, so it could be cloned; somebody may have changed it since.
    return 0;
  }
}
