import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const found = spawnSync('redis-server', ['--version']);
/** Why a test that needs Redis is skipped; `undefined` where there is one. */
export const noRedis = found.status === 0 ? undefined : 'no redis-server here: apt-get install redis-server';

/** A Redis of the test's own, on a port that is free. */
export class Redis {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), 'threadmill-redis-'));
  readonly #options: readonly string[];
  #server: ChildProcess | undefined;

  private constructor(port: number, options: readonly string[]) {
    this.port = port;
    this.#options = options;
  }

  /** `options` as redis-server takes them. */
  static async start(...options: string[]): Promise<Redis> {
    const redis = new Redis(await freePort(), options);
    await redis.up();
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Resolves when it answers. */
  async up(): Promise<void> {
    const options = ['--port', String(this.port), '--bind', '127.0.0.1', '--save', '', '--dir', this.#folder, ...this.#options];
    const server = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#server = server;
    for await (const text of server.stdout) if (String(text).includes('Ready to accept connections')) break;
    server.stdout.resume();
  }

  /** Ends it; what it has written to disk stays. */
  async down(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined || server.exitCode !== null) return;
    const exited = once(server, 'exit');
    server.kill(signal);
    await exited;
  }

  /** What `redis-cli` prints, without the last line break. */
  async ask(...command: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)('redis-cli', ['-p', String(this.port), ...command]);
    return stdout.trimEnd();
  }

  async stop(): Promise<void> {
    await this.down('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
