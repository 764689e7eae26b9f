// Starts the server as an orchestrator does, asks its probes, and stops it by SIGTERM.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const probe = createServer().listen(0);
await once(probe, 'listening');
const { port } = probe.address() as AddressInfo;
probe.close();

const env = { ...process.env, PORT: String(port) };
const server = spawn(process.execPath, [fileURLToPath(new URL('./serve.js', import.meta.url))], {
  env,
  stdio: ['ignore', 'pipe', 'ignore'],
});
const ask = (path: string) => fetch(`http://localhost:${port}${path}`, { headers: { connection: 'close' } });
try {
  await once(server.stdout, 'data');
  assert.equal((await ask('/livez')).status, 200);
  assert.equal((await ask('/readyz')).status, 200);
  assert.match(await (await ask('/some text')).text(), /^[\da-f]{64}$/);
  server.kill('SIGTERM');
  assert.deepEqual(await once(server, 'exit'), [0, null]);
  console.log('it stopped by itself');
} finally {
  server.kill('SIGKILL');
}
