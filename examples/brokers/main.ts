// A RabbitMQ and two processes that run its messages; one is killed in the middle, and nothing is lost.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from 'amqplib';
import { startRabbitMQ } from './broker.js';

const MESSAGES = 100;
const broker = await startRabbitMQ();
if (broker === undefined) {
  console.log('no RabbitMQ here: apt-get install rabbitmq-server');
  process.exit();
}
const folder = mkdtempSync(join(tmpdir(), 'brokers-out-'));
const out = join(folder, 'out');
writeFileSync(out, '');

const connection = await connect(broker.url);
const channel = await connection.createConfirmChannel();
await channel.assertExchange('failed', 'fanout');
await channel.assertQueue('failed', { durable: true });
await channel.bindQueue('failed', 'failed', '');
await channel.assertQueue('convert', { durable: true, arguments: { 'x-dead-letter-exchange': 'failed' } });

const worker = () => spawn(process.execPath, [fileURLToPath(new URL('./worker.js', import.meta.url)), broker.url, 'convert']);
const workers = [worker(), worker()];
for (const { stdout, stderr } of workers) {
  stderr.pipe(process.stderr);
  await once(stdout, 'data');
}

for (let at = 0; at < MESSAGES; at++) {
  const message = { id: at % 10 === 9 ? `bad-${at}` : `good-${at}`, rounds: 3_000, out };
  channel.sendToQueue('convert', Buffer.from(JSON.stringify(message)), { persistent: true });
}
await channel.waitForConfirms();

const converted = () => readFileSync(out, 'utf8').split('\n').filter(Boolean);
const until = async (holds: () => boolean | Promise<boolean>) => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
};
await until(() => converted().length >= 20);
workers[0]?.kill('SIGKILL');
console.log('a process is killed after', converted().length, 'of', MESSAGES, 'messages');

const good = MESSAGES - MESSAGES / 10;
await until(async () => new Set(converted()).size === good && (await channel.checkQueue('failed')).messageCount === MESSAGES / 10);
await until(async () => (await channel.checkQueue('convert')).messageCount === 0);
const ids = converted();
console.log(
  `${new Set(ids).size} converted, ${good - new Set(ids).size} lost, ${ids.length - good} twice; ${MESSAGES / 10} with the dead letters`,
);
// What the killed process had: two that ran, and two that waited for a thread.
assert(ids.length - good <= 4);

workers[1]?.kill('SIGKILL');
await connection.close();
await broker.stop();
rmSync(folder, { recursive: true, force: true });
