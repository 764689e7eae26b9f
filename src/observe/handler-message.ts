import { withLine } from '../job/log-lines.js';
import { rareOf } from '../job/rare.js';
import type { JobRecord } from '../job/record.js';
import type { HandlerMessage } from '../threads/runner.js';
import type { Clock } from '../time/clock.js';
import type { Announcer } from './announcer.js';
import { type JobLogger, lineOf } from './log.js';

/** Who hears what jobs say and do. */
export interface Listeners {
  readonly clock: Clock;
  readonly logger: JobLogger | undefined;
  readonly announcer: Announcer;
}

/** What a job's handler says while it runs: its job keeps it, and it is passed on to who listens. */
export function hear(record: JobRecord, message: HandlerMessage, { clock, logger, announcer }: Listeners): void {
  if (message.type === 'log') {
    const rare = rareOf(record);
    rare.logs = withLine(rare.logs, clock.wallTime(), message.level, message.args);
    logger?.[message.level](...lineOf(record, message.args, logger));
  } else if (message.type === 'checkpoint') rareOf(record).checkpoint = message.value;
  else {
    rareOf(record).progress = message.value;
    announcer.announceJob('progress', record, message.value);
  }
}
