// Starts what `output: 'standalone'` made, from a copy without the project around it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const image = mkdtempSync(join(tmpdir(), 'standalone-'));
cpSync('.next/standalone', image, { recursive: true });
const probe = createServer().listen(0);
await once(probe, 'listening');
const { port } = probe.address();
probe.close();
const server = spawn(process.execPath, ['server.js'], { cwd: image, env: { ...process.env, PORT: port, HOSTNAME: '127.0.0.1' } });
server.stderr.pipe(process.stderr);
await once(server.stdout, 'data');
const ask = async (query) => (await fetch(`http://127.0.0.1:${port}/api/hello${query}`)).text();
const answers = [];
try {
  for (const query of ['?name=there', '', '?name=again']) answers.push(await ask(query));
} finally {
  server.kill('SIGKILL');
}
if (answers[0] !== 'hello there' || !answers[1].startsWith('spin timed out') || answers[2] !== 'hello again')
  throw new Error(answers.join('\n'));
console.log(`it works; a loop: ${answers[1]}`);
