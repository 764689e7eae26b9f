import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createBullBoard } from '@bull-board/api';
import { ExpressAdapter } from '@bull-board/express';
import express, { type ErrorRequestHandler } from 'express';
import { JobQueue, QueueClosedError, QueueFullError } from 'threadmill';
import { ThreadmillAdapter } from 'threadmill/bull-board';
import { markdown } from '../server/markdown.job.js';

const queue = new JobQueue({ name: 'express', jobs: [markdown], whenFull: 'reject', logger: false });
const app = express();

// 1. Work on a thread. Express 5 hands on what a handler's promise rejects with.
app.post('/markdown', express.text({ type: 'text/markdown' }), async (request, response) => {
  response.type('html').send(await queue.run(markdown, { text: request.body }));
});

// 2. The queue's page. It has no password of its own: put it behind one.
const pages = new ExpressAdapter();
createBullBoard({ queues: [new ThreadmillAdapter(queue)], serverAdapter: pages });
app.use('/jobs', pages.setBasePath('/jobs').getRouter());

// 3. What the queue refuses is a status.
const refuse: ErrorRequestHandler = (error, _request, response, next) => {
  if (error instanceof QueueFullError) response.status(429).set('retry-after', '1').send('busy');
  else if (error instanceof QueueClosedError) response.status(503).send('closing');
  else next(error);
};
app.use(refuse);

// 4. A signal: first no more requests, then no more jobs.
const server = app.listen(Number(process.env.PORT ?? 0), () => console.log('listening', server.address()));
process.once('SIGTERM', async () => {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  await closed;
  await queue.close();
});

await once(server, 'listening');
const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const page = await fetch(`${address}/markdown`, { method: 'POST', headers: { 'content-type': 'text/markdown' }, body: '# Hello' });
assert.equal(await page.text(), '<h1>Hello</h1>\n');
assert.equal((await fetch(`${address}/jobs`)).status, 200);
const { queues } = (await (await fetch(`${address}/jobs/api/queues`)).json()) as { queues: { counts: { completed: number } }[] };
assert.equal(queues[0]?.counts.completed, 1);
console.log('one page rendered, and seen in the list');
process.kill(process.pid, 'SIGTERM');
