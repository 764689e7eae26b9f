import { createHash, timingSafeEqual } from 'node:crypto';
import { createBullBoard } from '@bull-board/api';
import { FastifyAdapter } from '@bull-board/fastify';
import basicAuth from '@fastify/basic-auth';
import type { FastifyInstance } from 'fastify';
import { ThreadmillAdapter } from 'threadmill/bull-board';

/** The queue's page, for those who know the password: it shows inputs, and can remove and add jobs. */
export async function board(server: FastifyInstance, { prefix, password }: { prefix: string; password: string }): Promise<void> {
  await server.register(basicAuth, {
    authenticate: { realm: 'jobs' },
    validate: async (_user, given) => {
      if (!sameText(given, password)) throw new Error('wrong password');
    },
  });
  server.addHook('onRequest', server.basicAuth);

  const serverAdapter = new FastifyAdapter();
  createBullBoard({
    queues: [new ThreadmillAdapter(server.queue)],
    serverAdapter,
    options: { uiConfig: { boardTitle: 'Jobs', hideRedisDetails: true, hideDocsLink: true } },
  });
  serverAdapter.setBasePath(prefix);
  await server.register(serverAdapter.registerPlugin());
}

/** In the same time whether or not they are. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
