import { randomBytes } from 'node:crypto';
import { makeServer } from './server.js';
import { makeTraffic } from './traffic.js';

/** What `npm run example:server` starts: the server, and some clients of its own. */
const port = Number(process.env.PORT ?? 3_000);
const password = process.env.PASSWORD ?? randomBytes(6).toString('hex');

const server = await makeServer({ password });
const address = await server.listen({ port, host: '127.0.0.1' });
const { host } = new URL(address);
console.log(`The server is at ${address}, and some clients of its own are sending it work.

  the jobs   http://admin:${password}@${host}/jobs
  health     ${address}/health
  metrics    ${address}/metrics
  a page     curl -H 'content-type: text/markdown' --data-binary @README.md ${address}/markdown
  a search   curl --json '{ "pattern": "^#+ .*" }' ${address}/searches

Ctrl+C ends it: what was accepted is done first.`);

const ending = new AbortController();
const traffic = makeTraffic(address, ending.signal);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    ending.abort();
    await traffic;
    await server.close();
  });
}
