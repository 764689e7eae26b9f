import { BroadcastChannel } from 'node:worker_threads';
import type { PGlite } from '@electric-sql/pglite';

// The database runs in the main thread, as a server would elsewhere: what kills a job does not kill it.
// Jobs speak to it through a channel; with PostgreSQL itself this file would be a connection pool.

type Row = Record<string, unknown>;
type Request = { to: 'database'; id: string; sql: string; values: unknown[] };
type Answer = { to: string; rows?: Row[]; error?: string };

const CHANNEL = 'database';

/** Answers queries of jobs, until the returned function is called. */
export function serve(database: PGlite): () => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = async (event) => {
    const { to, id, sql, values } = (event as { data: Request }).data;
    if (to !== 'database') return;
    const answer = await database.query<Row>(sql, values).then(
      ({ rows }) => ({ to: id, rows }),
      (error: Error) => ({ to: id, error: error.message }),
    );
    channel.postMessage(answer);
  };
  return () => channel.close();
}

/** Runs one statement, from a job. */
export function query(sql: string, ...values: unknown[]): Promise<Row[]> {
  const channel = new BroadcastChannel(CHANNEL);
  const id = crypto.randomUUID();
  return new Promise<Row[]>((resolve, reject) => {
    channel.onmessage = (event) => {
      const { to, rows, error } = (event as { data: Answer }).data;
      if (to !== id) return;
      channel.close();
      if (rows) resolve(rows);
      else reject(new Error(error));
    };
    channel.postMessage({ to: 'database', id, sql, values } satisfies Request);
  });
}
