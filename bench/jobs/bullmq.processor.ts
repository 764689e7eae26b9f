import type { Job } from 'bullmq';
import * as work from './work.js';

/** What BullMQ's sandbox loads: the same work, by the job's name. */
export default async function processor(job: Job): Promise<unknown> {
  return job.name === 'noop' ? work.noop(job.data.input) : work.spin(job.data.input);
}
