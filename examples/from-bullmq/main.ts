import assert from 'node:assert/strict';
import { JobQueue } from 'threadmill';
import { mail } from './mail.job.js';

const queue = new JobQueue({ jobs: [mail], logger: false });
queue.on('completed', (job) => console.log(`${job.name} ${job.id} is done`));
queue.on('failed', (job, error) => console.error(`${job.name} ${job.id}: ${error}`));
try {
  const job = await queue.add(mail, { to: 'ada@example.org' }, { delay: 20, idempotencyKey: 'welcome-ada', priority: 1 });
  assert.equal(job.state, 'delayed');
  assert.deepEqual(await job.result(), { sent: 'ada@example.org', attempt: 1 });

  const schedule = queue.schedule(mail, { to: 'all@example.org' }, { cron: '0 9 * * 1', timezone: 'Europe/Vienna' });
  console.log(`next: ${new Date(schedule.next ?? 0).toISOString()}`);
  schedule.stop();
} finally {
  await queue.close();
}
