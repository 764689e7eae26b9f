import { jobOf } from '../adding/asking.js';
import type { Intake } from '../adding/intake.js';
import { anything, type Check, checked, number, object, optional, orInfinity, shown, text, whole } from '../checks/checks.js';
import { OptionsError } from '../errors/errors.js';
import type { AddOptions } from '../job/add-options.js';
import { jobLimits } from '../job/define-job.js';
import type { Job } from '../job/job.js';
import type { JobKind } from '../job/kind.js';
import { pack } from '../job/payload.js';
import type { JobRecord } from '../job/record.js';
import type { Register } from '../job/register.js';
import type { Lifecycle } from '../lifecycle.js';
import type { Announcer } from '../observe/announcer.js';
import type { Clock } from '../time/clock.js';
import { shared } from './portable.js';
import { type JobSnapshot, settingsOf } from './snapshot.js';

/** The parts of a queue that jobs come back to. */
interface Parts {
  readonly clock: Clock;
  readonly announcer: Announcer;
  readonly register: Register;
  readonly intake: Intake;
  readonly lifecycle: Lifecycle;
}

/** A job that may come back. */
interface Entry {
  readonly kind: JobKind;
  readonly snapshot: JobSnapshot;
  readonly settings: AddOptions;
  /** The job that its idempotency key stands for by now. */
  readonly known: JobRecord | undefined;
}

const backoff: Check = (value, refuse) => {
  if (typeof value === 'function') refuse('expected an object: a function does not survive');
  else return jobLimits.backoff(value, refuse);
};
/** The last date there is, in milliseconds since 1970. */
const LAST_DATE = 8.64e15;

const checkSnapshot = object({
  id: text,
  name: text,
  input: anything,
  attemptsMade: whole,
  runAt: optional(number(0, LAST_DATE)),
  priority: jobLimits.priority,
  metadata: anything,
  checkpoint: anything,
  timeout: optional(jobLimits.timeout),
  maxAttempts: optional(jobLimits.maxAttempts),
  deadLetter: optional(jobLimits.deadLetter),
  maxWait: optional(orInfinity(jobLimits.maxWait)),
  addedAt: optional(number(0, LAST_DATE)),
  backoff: optional(backoff),
  idempotencyKey: optional(text),
  ttl: optional(number(0)),
  group: optional(text),
});

/**
 * Takes jobs back that an earlier queue handed out: all or none. What it is given may come from anywhere: everything is
 * checked before the first is in. Throws `OptionsError`, `NotCloneableError`, `InputTooLargeError`, `IdempotencyError`
 * and `QueueClosedError`.
 */
export function restore(snapshots: Iterable<JobSnapshot>, parts: Parts): Job[] {
  const { announcer, register, intake, lifecycle } = parts;
  const entries = listOf(snapshots).map((snapshot, index) => entryOf(snapshot, `snapshots[${index}]`, parts));
  refuseTwice(entries, ({ snapshot }) => snapshot.id, 'the id');
  refuseTwice(entries, ({ kind, snapshot }) => keyOf(kind, snapshot), 'the idempotency key');
  for (const { snapshot } of entries) refuseKnown(snapshot.id, register);
  intake.refuseClosed();
  return announcer.change(() =>
    entries.map(({ kind, snapshot, settings, known }) =>
      jobOf(known === undefined ? lifecycle.enter(kind, snapshot.input, settings, false, snapshot) : intake.duplicates.join(known)),
    ),
  );
}

function listOf(snapshots: unknown): unknown[] {
  if (typeof snapshots === 'object' && snapshots !== null && Symbol.iterator in snapshots) return [...(snapshots as Iterable<unknown>)];
  throw new OptionsError(`restore: expected an iterable of snapshots, given ${shown(snapshots)}`);
}

function entryOf(given: unknown, path: string, { clock, register, intake }: Parts): Entry {
  const where = `restore: ${path}`;
  const snapshot: JobSnapshot = checked(checkSnapshot, given, where);
  const { id, name } = snapshot;
  if (!Object.hasOwn(snapshot, 'input')) throw new OptionsError(`${where}: option "input" is missing`);
  const kind = register.kinds.named(name);
  if (kind === undefined) {
    throw new OptionsError(
      `${where}: job ${id} is of the definition "${name}", which the queue does not know; name it in the option "jobs"`,
    );
  }
  const once = kind.definition.delivery === 'at-most-once';
  if (once && (snapshot.attemptsMade > 0 || (snapshot.maxAttempts ?? 1) > 1)) {
    throw new OptionsError(`${where}: job ${id} is delivered at most once, but the snapshot has attempts made, or more than one allowed`);
  }
  snapshot.input = shared(intake.payload(kind, snapshot.input, `${path}.input`));
  snapshot.metadata = shared(pack(snapshot.metadata, `${path}.metadata`).value);
  snapshot.checkpoint = shared(pack(snapshot.checkpoint, `${path}.checkpoint`).value);
  const known = intake.duplicates.known(kind, snapshot.input, snapshot.idempotencyKey);
  return { kind, snapshot, settings: settingsOf(snapshot, clock.wallTime()), known };
}

function keyOf({ definition }: JobKind, { idempotencyKey }: JobSnapshot): string | undefined {
  return idempotencyKey === undefined ? undefined : `${definition.name} ${idempotencyKey}`;
}

function refuseTwice(entries: readonly Entry[], of: (entry: Entry) => string | undefined, what: string): void {
  const seen = new Map<string, number>();
  entries.forEach((entry, index) => {
    const value = of(entry);
    if (value === undefined) return;
    const before = seen.get(value);
    if (before !== undefined) {
      throw new OptionsError(`restore: snapshots[${index}] has ${what} of snapshots[${before}]: a job is there twice`);
    }
    seen.set(value, index);
  });
}

function refuseKnown(id: string, { jobs }: Register): void {
  if (jobs.get(id) !== undefined) throw new OptionsError(`restore: a job with the id ${id} is in the queue already`);
}
