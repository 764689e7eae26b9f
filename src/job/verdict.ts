import type { Outcome } from './attempt.js';

/** Why an attempt is ended before it ends by itself. */
export interface Verdict {
  readonly outcome: Exclude<Outcome, 'completed' | 'interrupted'>;
  readonly error: Error;
}

/**
 * Whether a reason to end an attempt takes effect: the first one does, and a cancel also after another, for it forbids
 * the retry that a timeout would bring.
 */
export function takesEffect(verdict: Verdict, standing: Verdict | undefined): boolean {
  return standing === undefined || (verdict.outcome === 'cancelled' && standing.outcome !== 'cancelled');
}
