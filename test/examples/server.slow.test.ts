import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeAll, expect, it } from 'vitest';
import { root, run, tsc } from '../docs.js';

beforeAll(() => expect(run(process.execPath, [tsc, '-p', 'examples'], root)).toEqual({ status: 0, text: '' }));

it('npm run example:server prints its addresses, has work from the start, and ends by a signal when its work is done', async () => {
  const env = { ...process.env, PORT: '0', PASSWORD: 'secret' };
  const child = spawn(process.execPath, [join(root, '.build/examples/server/serve.js')], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'exit');
  try {
    let address = '';
    for await (const line of createInterface({ input: child.stdout })) {
      address = /The server is at (\S+),/.exec(line)?.[1] ?? address;
      if (line.startsWith('Ctrl+C')) break;
    }
    expect((await fetch(`${address}/health`)).status).toBe(200);
    const authorization = `Basic ${Buffer.from('admin:secret').toString('base64')}`;
    const counts = async () => {
      const answer = await fetch(`${address}/jobs/api/queues`, { headers: { authorization } });
      return ((await answer.json()) as { queues: { counts: Record<string, number> }[] }).queues[0]?.counts ?? {};
    };
    // The first search cannot be compiled, the second is killed, twice: both become dead letters.
    for (let now = await counts(); (now.failed ?? 0) < 2 || !now.completed; now = await counts());
    // Prometheus is told of the same.
    const metrics = await (await fetch(`${address}/metrics`)).text();
    expect(metrics).toMatch(/^threadmill_job_events_total\{.*threadmill_job_name="search".*threadmill_job_event="failed".*\} [1-9]/m);
  } finally {
    child.kill('SIGTERM');
  }
  expect(await ended).toEqual([0, null]);
}, 120_000);
