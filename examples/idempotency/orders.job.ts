import { defineJob } from 'threadmill/job';
import { query } from './database.js';
import { killedHere, options, paymentProvider } from './order.js';

// 1. Idempotency key: the other side remembers it and answers a second request with the first result.
export const charge = defineJob({
  ...options,
  module: import.meta.url,
  name: 'charge',
  run: async ({ order }, context) => {
    const charge = await paymentProvider({ amount: 50, key: `charge-order-${order}` });
    killedHere(context);
    return charge;
  },
});

// 2. Database constraint: the second insert is refused, and that is fine.
export const invoice = defineJob({
  ...options,
  module: import.meta.url,
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
  ...options,
  module: import.meta.url,
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
  ...options,
  module: import.meta.url,
  name: 'reward',
  run: async ({ order }, context) => {
    const sql = `with first as (insert into processed (job) values ($1) on conflict do nothing returning job)
      update accounts set points = points + 10 where exists (select from first) returning points`;
    const [rewarded] = await query(sql, `reward-order-${order}`);
    killedHere(context);
    return { rewarded: rewarded !== undefined };
  },
});
