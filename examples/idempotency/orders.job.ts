import { defineJob, type JobContext } from 'threadmill/job';
import { z } from 'zod';
import { query } from './database.js';

const common = {
  module: import.meta.url,
  input: z.object({ order: z.number() }),
  timeout: 300,
  backoff: { type: 'fixed', delay: 0 },
} as const;

/** The worst moment to be killed: the effect is there, the result is not. */
function killedHere({ attempt }: JobContext): void {
  if (attempt === 1) for (;;);
}

// 1. Idempotency key: the other side remembers it and answers a second request with the first result.
export const charge = defineJob({
  ...common,
  name: 'charge',
  run: async ({ order }, context) => {
    const charge = await paymentProvider({ amount: 50, key: `charge-order-${order}` });
    killedHere(context);
    return charge;
  },
});

// 2. Database constraint: the second insert is refused, and that is fine.
export const invoice = defineJob({
  ...common,
  name: 'invoice',
  run: async ({ order }, context) => {
    const sql = 'insert into invoices (order_id) values ($1) on conflict (order_id) do nothing returning id';
    const [created] = await query(sql, order);
    killedHere(context);
    return { created: created !== undefined };
  },
});

// 3. State check before acting: the update finds only an order that still needs it.
export const ship = defineJob({
  ...common,
  name: 'ship',
  run: async ({ order }, context) => {
    const sql = "update orders set status = 'shipped', parcels = parcels + 1 where id = $1 and status = 'paid' returning id";
    const [shipped] = await query(sql, order);
    killedHere(context);
    return { shipped: shipped !== undefined };
  },
});

// 4. Processed flag: the flag and the effect are written together, or neither.
export const reward = defineJob({
  ...common,
  name: 'reward',
  run: async ({ order }, context) => {
    const sql = `with first as (insert into processed (job) values ($1) on conflict do nothing returning job)
      update accounts set points = points + 10 where exists (select from first) returning points`;
    const [rewarded] = await query(sql, `reward-order-${order}`);
    killedHere(context);
    return { rewarded: rewarded !== undefined };
  },
});

/** A payment provider as they are: one key, one charge. */
async function paymentProvider({ amount, key }: { amount: number; key: string }) {
  const sql = `insert into charges (key, amount) values ($1, $2)
    on conflict (key) do update set requests = charges.requests + 1 returning id, requests`;
  const [charge] = await query(sql, key, amount);
  return charge;
}
