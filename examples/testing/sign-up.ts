import type { JobQueue } from 'threadmill';
import { sendMail } from './mail.job.js';

/** The code to test: it is given the queue, and cares not which one. */
export class SignUp {
  constructor(private readonly queue: JobQueue) {}

  async register(address: string): Promise<void> {
    await this.queue.add(sendMail, { to: address }, { idempotencyKey: address });
    await this.queue.add(sendMail, { to: address, text: 'How is it going?' }, { delay: 3 * 24 * 3_600_000 });
  }
}
