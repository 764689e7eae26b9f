import { PGlite } from '@electric-sql/pglite';
import { defineJob } from 'threadmill/job';
import { z } from 'zod';

/** A PostgreSQL of its own in each thread: it takes a second to open and some megabytes, and must be closed. */
export const report = defineJob({
  name: 'report',
  module: import.meta.url,
  input: z.object({ least: z.number(), hangs: z.boolean().default(false) }),
  loadTimeout: 60_000,
  timeout: 20_000,
  setup: async ({ data }) => {
    const database = await PGlite.create();
    const { orders } = data as { orders: number };
    await database.exec('CREATE TABLE orders (customer int, amount int)');
    await database.query('INSERT INTO orders SELECT n % 100, n % 50 FROM generate_series(1, $1) AS n', [orders]);
    console.log('a database is open');
    return database;
  },
  teardown: async (database) => {
    await database.close();
    console.log('a database is closed');
  },
  run: async ({ least, hangs }, { resource: database }) => {
    console.log('orders from %d on', least);
    while (hangs);
    const { rows } = await database.query<{ customers: number; sum: number }>(
      'SELECT count(DISTINCT customer)::int AS customers, sum(amount)::int AS sum FROM orders WHERE amount >= $1',
      [least],
    );
    return rows[0];
  },
});
