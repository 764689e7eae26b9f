// Runs messages of RabbitMQ until it is killed: `node worker.js <url> <queue>`.
import { connect } from 'amqplib';
import { JobQueue } from 'threadmill';
import { convert } from './convert.job.js';
import { consume } from './rabbitmq.js';

const [, , url = '', from = ''] = process.argv;
const queue = new JobQueue({ jobs: [convert], threads: 2, logger: false });
await queue.ready();
const connection = await connect(url);
await consume(queue, await connection.createChannel(), from, 2);
console.log('ready');
