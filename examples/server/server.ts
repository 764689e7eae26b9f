import { type FastifyBaseLogger, fastify } from 'fastify';
import type { QueueOptions } from 'threadmill';
import { board } from './board.js';
import { markdown } from './markdown.job.js';
import { metrics } from './metrics.js';
import { queuePlugin } from './queue-plugin.js';
import { routes } from './routes.js';
import { search } from './search.job.js';
import { thumbnail } from './thumbnail.job.js';

export interface ServerOptions {
  /** Of the page at /jobs. */
  password: string;
  queue?: QueueOptions;
  logger?: FastifyBaseLogger;
}

/** A web server whose work runs on threads. */
export async function makeServer({ password, queue, logger }: ServerOptions) {
  // A connection that becomes idle while the server closes keeps it open for that long.
  const server = fastify({ keepAliveTimeout: 2_000, ...(logger && { loggerInstance: logger }) });
  await server.register(queuePlugin, { name: 'server', jobs: [thumbnail, markdown, search], maxWaiting: 200, ...queue });
  await server.register(routes);
  await server.register(metrics);
  await server.register(board, { prefix: '/jobs', password });
  return server;
}
