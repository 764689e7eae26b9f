import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { HANGING } from '../markdown/patterns.js';
import { makeServer } from './server.js';
import { photo } from './traffic.js';

const server = await makeServer({ password: 'secret', queue: { threads: 1, maxWaiting: 1, logger: false } });
const address = await server.listen({ port: 0 });
const post = (path: string, type: string, body: BodyInit) =>
  fetch(address + path, { method: 'POST', headers: { 'content-type': type }, body });

// 1. Work that the client waits for.
const html = await post('/markdown', 'text/markdown', '# Hello').then((answer) => answer.text());
assert.equal(html, '<h1>Hello</h1>\n');
const image = await photo();
const small = await post('/thumbnails?width=64', 'image/png', image);
assert.equal(small.headers.get('content-type'), 'image/jpeg');
console.log(`a thumbnail of ${(await small.arrayBuffer()).byteLength} bytes`);

// 2. What cannot be done has a status.
assert.equal((await post('/thumbnails?width=64', 'image/png', 'no image')).status, 422);
assert.equal((await post('/thumbnails?width=9999', 'image/png', image)).status, 400);

// 3. Work that the client asks for later. This search never ends: it is killed, and the server does not notice.
const { pattern } = HANGING;
const accepted = await post('/searches', 'application/json', JSON.stringify({ pattern }));
assert.equal(accepted.status, 202);
const place = address + accepted.headers.get('location');
const health = await fetch(`${address}/health`);
assert.equal(health.status, 200);

// 4. One thread, one place to wait: the third is told when to come again.
const [first, second] = [post('/markdown', 'text/markdown', 'waits'), post('/markdown', 'text/markdown', 'waits too')];
const answers = await Promise.all([first, second]);
const full = answers.find(({ status }) => status === 429);
assert.ok(full);
console.log(`busy: come again in ${full.headers.get('retry-after')} s`);
type Search = { state: string; error?: string };
let found = {} as Search;
while (found.state !== 'failed') {
  await sleep(100);
  found = (await (await fetch(place)).json()) as Search;
}
console.log(found.error);

// 5. The page of the queue asks for a password.
const page = (authorization: string) => fetch(`${address}/jobs`, { headers: { authorization } });
const basic = (password: string) => `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`;
assert.equal((await page('')).status, 401);
assert.equal((await page(basic('guess'))).status, 401);
assert.equal((await page(basic('secret'))).status, 200);

// 6. Prometheus is told what happened.
const told = await (await fetch(`${address}/metrics`)).text();
assert.ok(/^messaging_process_duration\w*_count\{[^}]*job_name="search"[^}]*error_type=[^}]*\} 2$/m.test(told));

// 7. Whoever waits when the server closes gets an answer.
const last = post('/markdown', 'text/markdown', 'last');
await new Promise((resolve) => server.queue.once('added', resolve));
await server.close();
assert.equal((await last).status, 200);
