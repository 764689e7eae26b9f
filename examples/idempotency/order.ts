import type { JobContext } from 'threadmill/job';
import { z } from 'zod';
import { query } from './database.js';

/** Of all four jobs. */
export const options = {
  input: z.object({ order: z.number() }),
  timeout: 300,
  backoff: { type: 'fixed', delay: 0 },
} as const;

/** The worst moment to be killed: the effect is there, the result is not. */
export function killedHere({ attempt }: JobContext): void {
  if (attempt === 1) for (;;);
}

/** A payment provider as they are: one key, one charge. */
export async function paymentProvider({ amount, key }: { amount: number; key: string }) {
  const sql = `insert into charges (key, amount) values ($1, $2)
    on conflict (key) do update set requests = charges.requests + 1 returning id, requests`;
  const [charge] = await query(sql, key, amount);
  return charge;
}
