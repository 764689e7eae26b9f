import type { Announcer } from '../events.js';
import { withLine } from '../job/log-lines.js';
import type { JobRecord } from '../job/record.js';
import type { HandlerMessage } from '../threads/runner.js';
import type { Clock } from '../time/clock.js';
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
    record.logs = withLine(record.logs, clock.wallTime(), message.level, message.args);
    logger?.[message.level](...lineOf(record, message.args, logger));
  } else if (message.type === 'checkpoint') record.checkpoint = message.value;
  else {
    record.progress = message.value;
    announcer.announceJob('progress', record, message.value);
  }
}
