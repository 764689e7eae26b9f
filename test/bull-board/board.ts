import { createBullBoard } from '@bull-board/api';
import { FastifyAdapter } from '@bull-board/fastify';
import { fastify } from 'fastify';
import type { JobQueue } from 'threadmill';
import { ThreadmillAdapter, type ThreadmillAdapterOptions } from 'threadmill/bull-board';

/** A server with the queue's page at /jobs, which checks every answer against bull-board's own schema. */
export async function boardOf(queue: JobQueue, options?: ThreadmillAdapterOptions) {
  const serverAdapter = new FastifyAdapter();
  createBullBoard({ queues: [new ThreadmillAdapter(queue, options)], serverAdapter, options: { validateResponses: true } });
  serverAdapter.setBasePath('/jobs');
  const server = fastify();
  await server.register(serverAdapter.registerPlugin(), { prefix: '/jobs' });
  return server;
}

/** What the page asks its server. */
export async function pageOf(queue: JobQueue, options?: ThreadmillAdapterOptions) {
  const server = await boardOf(queue, options);
  const place = `/jobs/api/queues/${queue.name}`;
  const ask = async (method: 'GET' | 'PUT' | 'POST' | 'PATCH', url: string, payload?: object) => {
    const answer = await server.inject({ method, url, ...(payload && { payload }) });
    return { status: answer.statusCode, body: answer.body === '' ? undefined : answer.json() };
  };
  return {
    list: async (status: string, page = 1, jobsPerPage = 10) =>
      (await ask('GET', `/jobs/api/queues?activeQueue=${queue.name}&status=${status}&page=${page}&jobsPerPage=${jobsPerPage}`)).body
        .queues[0],
    get: (path: string) => ask('GET', `${place}/${path}`),
    put: (path: string, payload?: object) => ask('PUT', `${place}/${path}`, payload),
    post: (path: string, payload?: object) => ask('POST', `${place}/${path}`, payload),
    patch: (path: string, payload?: object) => ask('PATCH', `${place}/${path}`, payload),
  };
}
