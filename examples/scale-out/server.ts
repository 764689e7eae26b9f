import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A Redis of this program's own; `undefined` where none is installed. */
export async function startRedis(): Promise<{ url: string; stop(): Promise<void> } | undefined> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  const folder = mkdtempSync(join(tmpdir(), 'scale-out-'));
  // What it has acknowledged is on disk: a job that was accepted survives its end.
  const options = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes', '--save', ''];
  const server = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ready = (async () => {
    for await (const text of server.stdout) if (String(text).includes('Ready to accept connections')) return true;
    return false;
  })();
  const found = await Promise.race([ready, once(server, 'error').then(() => false)]);
  const stop = async () => {
    await end(server, 'SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  };
  if (found) return { url: `redis://127.0.0.1:${port}`, stop };
  rmSync(folder, { recursive: true, force: true });
  return undefined;
}

export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}
