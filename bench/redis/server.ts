import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { loadavg } from 'node:os';

/** A redis-server of its own on a free port. */
export async function startRedis(): Promise<{ port: number; stop: () => void }> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  const server = spawn('redis-server', ['--port', `${port}`, '--save', ''], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(server.stdout, 'data');
  server.stdout.resume();
  return { port, stop: () => server.kill('SIGKILL') };
}

export function sayLoad(): void {
  const loads = loadavg().map((load) => load.toFixed(1));
  console.log(`\nload of the machine: ${loads.join(', ')}. With more than this program running, these are no numbers to quote.`);
}
