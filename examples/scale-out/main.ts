// A Redis, two workers and a producer, by one command; one worker is killed in the middle.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { end, startRedis } from './server.js';

const redis = await startRedis();
if (redis === undefined) {
  console.log('no redis-server here: apt-get install redis-server');
  process.exit();
}

const start = (program: string): ChildProcess => {
  const file = fileURLToPath(new URL(`./${program}.js`, import.meta.url));
  return spawn(process.execPath, [file], { env: { ...process.env, REDIS_URL: redis.url }, stdio: ['ignore', 'pipe', 'inherit'] });
};

const workers = [start('worker'), start('worker')];
for (const worker of workers) {
  const [text] = await once(worker.stdout as NodeJS.ReadableStream, 'data');
  process.stdout.write(String(text));
}
const producer = start('redis');
let said = '';
producer.stdout?.on('data', (text) => {
  said += text;
});
const done = once(producer, 'exit');

await new Promise((resolve) => setTimeout(resolve, 300));
const [victim, survivor] = workers as [ChildProcess, ChildProcess];
await end(victim, 'SIGKILL');
console.log(`worker ${victim.pid} was killed; the other finishes its jobs`);

const [code] = await done;
console.log(said.trim());
assert.equal(code, 0);
assert.match(said, /^100 documents/);
await end(survivor, 'SIGTERM');
await redis.stop();
