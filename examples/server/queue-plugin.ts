import type { FastifyInstance, FastifyReply } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { InputError, InputTooLargeError, JobQueue, QueueClosedError, QueueFullError, type QueueOptions, TimeoutError } from 'threadmill';

declare module 'fastify' {
  interface FastifyInstance {
    queue: JobQueue;
  }
}

/** A queue as `server.queue`, which lives as long as the server. What the queue refuses becomes a status. */
export const queuePlugin = fastifyPlugin(async (server: FastifyInstance, options: QueueOptions) => {
  const queue = new JobQueue({ whenFull: 'reject', logger: server.log, ...options });
  await queue.ready();
  server.decorate('queue', queue);
  // Requests that were accepted wait for their jobs; then the server closes, and the queue with it.
  server.addHook('onClose', async () => {
    const { unfinished } = await queue.close({ timeout: 10_000 });
    if (unfinished.length > 0) server.log.error({ jobs: unfinished.map(({ id }) => id) }, 'jobs that did not end');
  });
  server.setErrorHandler((error, _request, reply) => refuse(error, reply));
});

function refuse(error: unknown, reply: FastifyReply) {
  if (error instanceof QueueFullError) {
    const { retryAfter = 1_000 } = error as { retryAfter?: number };
    return reply
      .code(429)
      .header('retry-after', Math.ceil(retryAfter / 1_000))
      .send({ error: 'busy: try again later' });
  }
  if (error instanceof QueueClosedError) return reply.code(503).send({ error: 'the server is closing' });
  if (error instanceof InputError) return reply.code(400).send({ error: error.message });
  if (error instanceof InputTooLargeError) return reply.code(413).send({ error: error.message });
  if (error instanceof TimeoutError) return reply.code(422).send({ error: 'this takes too long' });
  if ((error as { code?: unknown }).code === 'ERR_UNRECOVERABLE') return reply.code(422).send({ error: (error as Error).message });
  return reply.send(error);
}
