import { fileURLToPath } from 'node:url';
import { fastify } from 'fastify';
import { Piscina } from 'piscina';
import { JobQueue } from 'threadmill';
import { thumbnail } from './thumbnail.job.js';
import { makeThumbnail } from './thumbnail.js';

type Work = (image: Uint8Array, width: number) => Promise<Uint8Array>;

/** The same server with its work done in one of three ways; tells its port to the process that started it. */
const ways: Record<string, () => Promise<Work>> = {
  'main thread': async () => makeThumbnail,
  piscina: async () => {
    const pool = new Piscina({ filename: fileURLToPath(new URL('thumbnail.worker.js', import.meta.url)) });
    return (image, width) => pool.run({ image, width });
  },
  queue: async () => {
    const queue = new JobQueue({ jobs: [thumbnail], logger: false });
    await queue.ready();
    return (image, width) => queue.run(thumbnail, { image, width });
  },
};

const work = await (ways[process.argv[2] ?? ''] as () => Promise<Work>)();
const server = fastify();
server.addContentTypeParser('image/png', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
server.post<{ Body: Buffer }>('/thumbnails', async ({ body }, reply) => reply.type('image/jpeg').send(Buffer.from(await work(body, 256))));
server.get('/health', async () => ({ status: 'ok' }));
await server.listen({ port: 0, host: '127.0.0.1' });
process.send?.(server.server.address());
