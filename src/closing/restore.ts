import type { Intake } from '../adding/intake.js';
import type { Clock } from '../clock.js';
import { OptionsError } from '../errors.js';
import type { Announcer } from '../events.js';
import { handleOf, type Job } from '../job/job.js';
import type { JobKind } from '../job/kind.js';
import type { Register } from '../job/register.js';
import type { Lifecycle } from '../lifecycle.js';
import { type JobSnapshot, settingsOf } from './snapshot.js';

/** The parts of a queue that jobs come back to. */
interface Parts {
  readonly clock: Clock;
  readonly announcer: Announcer;
  readonly register: Register;
  readonly intake: Intake;
  readonly lifecycle: Lifecycle;
}

/** Takes jobs back that an earlier queue handed out: all or none. Throws `OptionsError`, and `QueueClosedError`. */
export function restore(snapshots: Iterable<JobSnapshot>, parts: Parts): Job[] {
  const { clock, announcer, lifecycle } = parts;
  const list = [...snapshots];
  const ids = new Set(list.map(({ id }) => id));
  if (ids.size < list.length) throw new OptionsError('restore: a job is there twice; each snapshot has an id of its own');
  const kinds = list.map((snapshot) => restorable(snapshot, parts));
  return announcer.change(() =>
    list.map((snapshot, index) => {
      const settings = settingsOf(snapshot, clock.wallTime());
      return handleOf(lifecycle.enter(kinds[index] as JobKind, snapshot.input, settings, snapshot));
    }),
  );
}

function restorable({ id, name }: JobSnapshot, { register, intake }: Parts): JobKind {
  const kind = register.kinds.named(name);
  if (kind === undefined) {
    throw new OptionsError(
      `restore: job ${id} is of the definition "${name}", which the queue does not know; name it in the option "jobs"`,
    );
  }
  if (register.jobs.get(id) !== undefined) throw new OptionsError(`restore: a job with the id ${id} is in the queue already`);
  return intake.kindOf(kind.definition);
}
