import { JobQueue } from 'threadmill';
import { check } from './check.js';
import { hello, spin } from './hello.job.js';

const queue = new JobQueue({ jobs: [hello, spin], threads: 2, logger: false });
console.log(await check(queue, { hello, spin }));
