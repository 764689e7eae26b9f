import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

const SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server';

/** A RabbitMQ of this program's own; `undefined` where none is installed. */
export async function startRabbitMQ(): Promise<{ url: string; stop(): Promise<void> } | undefined> {
  if (!existsSync(SERVER)) return undefined;
  const [port, distribution, mapper] = [await freePort(), await freePort(), await freePort()];
  const home = mkdtempSync(join(tmpdir(), 'brokers-'));
  const server = spawn(SERVER, {
    env: {
      PATH: process.env.PATH,
      HOME: home,
      RABBITMQ_NODENAME: `brokers-${port}@${hostname().split('.')[0]}`,
      RABBITMQ_NODE_IP_ADDRESS: '127.0.0.1',
      RABBITMQ_NODE_PORT: `${port}`,
      RABBITMQ_DIST_PORT: `${distribution}`,
      ERL_EPMD_PORT: `${mapper}`,
      // So that it can be told to end while it believes that a node lives.
      ERL_EPMD_RELAXED_COMMAND_CHECK: '1',
      RABBITMQ_MNESIA_BASE: home,
      RABBITMQ_LOG_BASE: home,
      RABBITMQ_ENABLED_PLUGINS_FILE: join(home, 'plugins'),
      RABBITMQ_CONFIG_FILE: join(home, 'none'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let said = '';
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (text) => (said += text));
  const stop = async () => {
    const exited = once(server, 'exit');
    // The whole group: a shell, Erlang and its helpers.
    if (server.exitCode === null) process.kill(-(server.pid as number), 'SIGKILL');
    await exited;
    // Erlang's own name server stays behind.
    await once(spawn('epmd', ['-port', `${mapper}`, '-kill'], { stdio: 'ignore' }), 'exit');
    rmSync(home, { recursive: true, force: true });
  };
  for (;;) {
    if (said.includes('completed with')) return { url: `amqp://127.0.0.1:${port}`, stop };
    const news = await Promise.race([once(server.stdout, 'data').then(() => true), once(server, 'exit').then(() => false)]);
    if (!news) throw new Error(`RabbitMQ does not start: ${said}`);
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  return port;
}
