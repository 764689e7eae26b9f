import assert from 'node:assert/strict';
import { PGlite } from '@electric-sql/pglite';
import { JobQueue } from 'threadmill';
import { serve } from './database.js';
import { charge, invoice, reward, ship } from './orders.job.js';

const database = await PGlite.create();
await database.exec(`
  create table orders (id int primary key, status text, parcels int default 0);
  create table charges (id serial, key text unique, amount int, requests int default 1);
  create table invoices (id serial, order_id int unique);
  create table accounts (points int);
  create table processed (job text primary key);
  insert into orders values (1, 'paid');
  insert into accounts values (0);
`);
const stop = serve(database);
const queue = new JobQueue({ jobs: [charge, invoice, ship, reward], logger: false });

// Each handler is killed after its effect, when its time is over, and runs again.
queue.on('retrying', (job, error) => console.log(`${job.name}: attempt ${job.attempt} ended: ${(error as Error).message}`));
const order = 1;
const results = await Promise.all(
  [charge, invoice, ship, reward].map((definition) => queue.run(definition, { order }, { maxAttempts: 4 })),
);
console.log(results);

// Twice run, once done.
const { rows } = await database.query(`select
  (select count(*)::int from charges) as charges, (select count(*)::int from invoices) as invoices,
  (select parcels from orders) as parcels, (select points from accounts) as points`);
console.log(rows[0]);
assert.deepEqual(rows[0], { charges: 1, invoices: 1, parcels: 1, points: 10 });
assert.ok(queue.stats().totals.timedOut >= 4);

// The queue's own key: two requests that come at the same time are one job.
const options = { idempotencyKey: 'invoice-order-1' };
const [first, second] = await Promise.all([queue.add(invoice, { order }, options), queue.add(invoice, { order }, options)]);
console.log('same job:', first.id === second.id, 'deduplicated:', second.deduplicated);
await first.result();

await queue.close();
stop();
await database.close();
