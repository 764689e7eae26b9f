export { BullMQJobQueue } from './bullmq-job-queue.js';
export type { BullMQDeadLetters } from './dead-letters.js';
export type { BullMQJob } from './job.js';
export type { BullMQJobQueueOptions } from './options.js';
export type { BullMQSchedule } from './schedules.js';
