// The client that Node.js functions run in at AWS, against a Runtime API of our own: between two invocations the process is frozen.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { cpSync } from 'node:fs';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

const FROZEN = 4_000;

/** What Lambda is to its function: it asks for the next event, and says how that ended. */
const api = new EventEmitter();
const server = createServer(async (request, response) => {
  if (request.method === 'GET') {
    api.emit('idle');
    const [event] = await once(api, 'event');
    const headers = {
      'lambda-runtime-aws-request-id': String(Math.random()),
      'lambda-runtime-deadline-ms': String(Date.now() + 60_000),
      'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:eu-central-1:000000000000:function:hello',
    };
    return response.writeHead(200, headers).end(JSON.stringify(event));
  }
  const answer = await json(request);
  response.writeHead(202).end('{}');
  api.emit('answer', answer);
}).listen(0, '127.0.0.1');
await once(server, 'listening');

const env = {
  ...process.env,
  AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${server.address().port}`,
  _HANDLER: 'index.handler',
  LAMBDA_TASK_ROOT: import.meta.dirname,
  AWS_LAMBDA_FUNCTION_NAME: 'hello',
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769',
  AWS_LAMBDA_LOG_GROUP_NAME: 'hello',
  AWS_LAMBDA_LOG_STREAM_NAME: 'hello',
  // Events come over node:http, and not through what is compiled.
  AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1: 'true',
};
cpSync('rapid-client', 'node_modules/aws-lambda-ric/rapid-client.node', { recursive: true });
const client = spawn(process.execPath, ['node_modules/aws-lambda-ric/index.mjs'], { env, stdio: 'inherit' });
process.once('exit', () => client.kill('SIGKILL'));
client.once('exit', (code) => process.exit(code ?? 1));

/** An event, when the function has asked for one: its answer, and when it has asked for the next. */
async function invoke(event, freeze = false) {
  const answered = once(api, 'answer');
  const idle = once(api, 'idle');
  api.emit('event', event);
  if (freeze) {
    await sleep(100);
    await frozen();
  }
  const [answer] = await answered;
  await idle;
  return answer;
}

async function frozen() {
  client.kill('SIGSTOP');
  await sleep(FROZEN);
  client.kill('SIGCONT');
}

await once(api, 'idle');
assert.equal(await invoke({ name: 'there' }), 'hello there');
await frozen();
assert.equal(await invoke({ name: 'again' }), 'hello again');
assert.equal((await invoke({})).errorType, 'TimeoutError');
assert.equal(await invoke({ name: 'after a kill' }), 'hello after a kill');

// Frozen in the middle, for longer than its limit: no job was at work meanwhile, and none is killed for it.
assert.equal(await invoke({ works: true }, true), 'done');
assert.equal((await invoke({})).errorType, 'TimeoutError');
assert.equal(await invoke({ works: true }), 'done');
console.log(`it works; a job that was frozen for ${FROZEN / 1_000} s: done`);
process.exit();
