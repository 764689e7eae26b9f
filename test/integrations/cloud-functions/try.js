// Google's framework for functions, as it runs them: some requests, and between two of them no CPU.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

const probe = createServer().listen(0);
await once(probe, 'listening');
const { port } = probe.address();
probe.close();

const args = ['node_modules/.bin/functions-framework', '--target=hello', `--port=${port}`];
const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
process.once('exit', () => server.kill('SIGKILL'));
for await (const text of server.stdout) if (String(text).includes('URL:')) break;

const get = (query) => fetch(`http://127.0.0.1:${port}/${query}`, { headers: { connection: 'close' } }).then((answer) => answer.text());
assert.equal(await get('?name=there'), 'hello there');
server.kill('SIGSTOP');
await sleep(2_000);
server.kill('SIGCONT');
assert.equal(await get('?name=again'), 'hello again');
assert.equal(await get(''), 'ERR_TIMEOUT');
assert.equal(await get('?name=after+a+kill'), 'hello after a kill');
server.kill('SIGTERM');
const [code, signal] = await once(server, 'exit');
console.log(`it works; ends with ${signal ?? code} on SIGTERM`);
