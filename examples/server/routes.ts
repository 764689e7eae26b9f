import type { FastifyInstance, FastifyReply } from 'fastify';
import type { JobQueue } from 'threadmill';
import { markdown } from './markdown.job.js';
import { search } from './search.job.js';
import { thumbnail } from './thumbnail.job.js';

/** What clients ask for. */
export async function routes(server: FastifyInstance): Promise<void> {
  const { queue } = server;
  server.addContentTypeParser(['image/png', 'image/jpeg'], { parseAs: 'buffer', bodyLimit: 8e6 }, (_request, body, done) =>
    done(null, body),
  );
  server.addContentTypeParser('text/markdown', { parseAs: 'string' }, (_request, body, done) => done(null, body));

  // 1. The client waits for the result.
  server.post<{ Body: Buffer; Querystring: { width?: number } }>('/thumbnails', async ({ body, query }, reply) => {
    const image = await queue.run(thumbnail, { image: body, width: query.width }, { signal: whileConnected(reply) });
    return reply.type('image/jpeg').send(Buffer.from(image));
  });
  server.post<{ Body: string }>('/markdown', async ({ body }, reply) => {
    const html = await queue.run(markdown, { text: body }, { signal: whileConnected(reply) });
    return reply.type('text/html').send(html);
  });

  // 2. The client gets a place to ask at.
  server.post<{ Body: { pattern: string; flags?: string } }>('/searches', async ({ body }, reply) => {
    const { id } = await queue.add(search, body);
    return reply.code(202).header('location', `/searches/${id}`).send({ id });
  });
  server.get<{ Params: { id: string } }>('/searches/:id', async ({ params }, reply) => {
    return searchOf(queue, params.id) ?? reply.code(404).send({ error: 'no such search' });
  });

  server.get('/health', async () => ({ status: 'ok' }));
}

function searchOf(queue: JobQueue, id: string) {
  const job = queue.getJob(id);
  if (job?.name !== search.name) return undefined;
  const { state, progress, output, error } = job;
  return { state, progress, output, error: error instanceof Error ? error.message : undefined };
}

/** Aborted when the client goes away: then nobody needs the result, and the job is cancelled. */
function whileConnected(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableEnded) controller.abort(new Error('the client went away'));
  });
  return controller.signal;
}
