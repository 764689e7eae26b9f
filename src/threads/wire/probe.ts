/** Name under which a job thread has its probe: what the queue evaluates there to learn where the thread is. */
export const PROBE = '__threadmill_probe';
