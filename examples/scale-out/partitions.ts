import { createHash } from 'node:crypto';
import { BullMQJobQueue } from 'threadmill/bullmq';
import { digest } from './digest.job.js';

const PARTITIONS = 64;
const servers = (process.env.REDIS_URLS ?? 'redis://127.0.0.1:6379').split(',');

/** The queue of a partition, on the Redis that is its own. */
export function openPartition(partition: number): BullMQJobQueue {
  const connection = servers[partition % servers.length] as string;
  return new BullMQJobQueue({ name: `digests-${partition}`, connection, jobs: [digest] });
}

/** Where all goes that belongs to one customer. */
export function partitionOf(customer: string): number {
  return createHash('sha256').update(customer).digest().readUInt32BE() % PARTITIONS;
}
