import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { table } from '../markdown/table.js';
import { photo } from './traffic.js';

/**
 * How a server answers while it works: clients that send images without a pause, and beside them somebody who asks for
 * /health fifty times a second, as a load balancer and its patience would.
 */
const seconds = Number(process.argv[2] ?? 8);
const image = Buffer.from(await photo());

async function measure(way: string): Promise<string[]> {
  const child = fork(fileURLToPath(new URL('load-server.js', import.meta.url)), [way]);
  const [{ port }] = (await once(child, 'message')) as [AddressInfo];
  const url = `http://127.0.0.1:${port}`;
  const images = (duration: number) =>
    autocannon({
      url: `${url}/thumbnails`,
      method: 'POST',
      headers: { 'content-type': 'image/png' },
      body: image,
      connections: 8,
      duration,
      timeout: 60,
    });
  // Before that, threads boot and the code gets warm.
  await images(seconds / 2);
  const [work, health] = await Promise.all([
    images(seconds),
    autocannon({ url: `${url}/health`, connections: 1, overallRate: 50, duration: seconds, timeout: 60 }),
  ]);
  child.kill();
  const { requests, latency, duration } = work;
  return [
    way,
    (requests.total / duration).toFixed(1),
    ...[latency.p50, latency.p99].map((ms) => ms.toFixed(0)),
    String(health.requests.total),
    // Who was not answered within the test waited for longer than it.
    ...[health.latency.p50, health.latency.p99].map((ms) => (health.requests.total > 0 ? ms.toFixed(0) : `> ${seconds * 1_000}`)),
  ];
}

const rows: string[][] = [];
for (const way of ['main thread', 'piscina', 'queue']) rows.push(await measure(way));
console.log(table(['work on', 'images/s', 'image p50 ms', 'p99 ms', '/health answers', 'p50 ms', 'p99 ms'], rows));
