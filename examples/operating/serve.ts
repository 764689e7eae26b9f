import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { deserialize, serialize } from 'node:v8';
import { JobQueue, type JobSnapshot } from 'threadmill';
import { hash } from './hash.job.js';

const UNFINISHED = process.env.UNFINISHED ?? 'unfinished.bin';

const queue = new JobQueue({ jobs: [hash] });
let state: 'starting' | 'ready' | 'stopping' = 'starting';

const server = createServer(async ({ url }, response) => {
  // Alive: this answers, and not all threads are held by native code.
  const { zombies, size } = queue.stats().threads;
  if (url === '/livez') return response.writeHead(zombies < size || size === 0 ? 200 : 503).end();
  // Ready: booted, not stopping, and what is added now starts soon.
  if (url === '/readyz') return response.writeHead(state === 'ready' && queue.estimateWait() < 5_000 ? 200 : 503).end(state);
  try {
    response.end(await queue.run(hash, { text: url ?? '' }));
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});

// 1. Start: take back what the last process handed out, then say that we are ready.
if (existsSync(UNFINISHED)) {
  queue.restore(deserialize(readFileSync(UNFINISHED)) as JobSnapshot[]);
  rmSync(UNFINISHED);
}
await queue.ready();
state = 'ready';
server.listen(Number(process.env.PORT ?? 3000), () => console.log('listening'));

// 2. Stop: not ready any more, no new requests, active jobs end, the rest is written down.
process.once('SIGTERM', async () => {
  state = 'stopping';
  server.close();
  const { unfinished } = await queue.close({ drain: 'active', timeout: 20_000 });
  if (unfinished.length > 0) writeFileSync(UNFINISHED, serialize(unfinished));
});
