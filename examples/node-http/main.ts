import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { JobQueue, QueueClosedError, QueueFullError } from 'threadmill';
import { markdown } from '../server/markdown.job.js';

const queue = new JobQueue({ jobs: [markdown], whenFull: 'reject', logger: false });

const server = createServer(async (request, response) => {
  try {
    const html = await queue.run(markdown, { text: await text(request) });
    response.writeHead(200, { 'content-type': 'text/html' }).end(html);
  } catch (error) {
    response.writeHead(statusOf(error), { 'retry-after': '1' }).end();
  }
});

function statusOf(error: unknown): number {
  if (error instanceof QueueFullError) return 429;
  return error instanceof QueueClosedError ? 503 : 500;
}

// A signal: the server takes no more requests, those that are in get their answers, and then the queue closes.
process.once('SIGTERM', async () => {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  await closed;
  await queue.close();
});
server.listen(Number(process.env.PORT ?? 0), () => console.log('listening', server.address()));

await once(server, 'listening');
const { port } = server.address() as AddressInfo;
const answer = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: '# Hello' });
assert.equal(await answer.text(), '<h1>Hello</h1>\n');
console.log('one page rendered');
process.kill(process.pid, 'SIGTERM');
