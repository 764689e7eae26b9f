// How a server answers that runs jobs of 5 ms for eight callers, in memory and on Redis: `node .build/bench/redis/health.js [rounds]`.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import autocannon from 'autocannon';
import { iterationsPerMicrosecond } from '../jobs/calibrate.js';
import { median } from '../measure.js';
import { sayLoad, startRedis } from './server.js';

const ROUNDS = Number(process.argv[2] ?? 3);
const redis = await startRedis();
const iterations = Math.round(5_000 * iterationsPerMicrosecond());

interface Answers {
  p50: number;
  p99: number;
  jobsPerSecond: number;
}

/** How /health is answered, asked for fifty times a second, by a server that runs jobs of 5 ms for eight callers. */
async function healthOf(threads: number, place: string[]): Promise<Answers> {
  const child = fork(fileURLToPath(new URL('health-server.js', import.meta.url)), [`${threads}`, `${iterations}`, ...place]);
  const [address] = (await once(child, 'message')) as [AddressInfo];
  const url = `http://127.0.0.1:${address.port}`;
  const ask = (duration: number) => autocannon({ url: `${url}/health`, connections: 1, overallRate: 50, duration });
  const done = async () => Number(await (await fetch(`${url}/done`)).text());
  // Before it counts, the code gets warm.
  await ask(3);
  const before = await done();
  const { latency, duration } = await ask(6);
  const jobsPerSecond = ((await done()) - before) / duration;
  child.kill();
  await once(child, 'exit');
  return { p50: latency.p50, p99: latency.p99, jobsPerSecond };
}

const places: Record<string, string[]> = { 'in memory': [], 'on Redis': [`${redis.port}`] };
for (const threads of [1, 2]) {
  const answers = new Map<string, Answers[]>(Object.keys(places).map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++)
    for (const [name, place] of Object.entries(places)) answers.get(name)?.push(await healthOf(threads, place));
  console.log(
    `\n/health of a server that runs jobs of 5 ms on ${threads} of ${availableParallelism()} cores, median of ${ROUNDS} rounds in turns:`,
  );
  for (const [name, rounds] of answers) {
    const of = (key: keyof Answers) => median(rounds.map((one) => one[key]));
    const times = `p50 ${of('p50')} ms, p99 ${of('p99')} ms (${rounds.map(({ p99 }) => p99).join(', ')})`;
    console.log(`${name.padEnd(36)} ${Math.round(of('jobsPerSecond')).toString().padStart(7)} jobs/s   /health ${times}`);
  }
}

sayLoad();
redis.stop();
