import type { EventEmitter } from 'node:events';
import { Intake } from './adding/intake.js';
import { Replay } from './adding/replay.js';
import { Schedules } from './adding/schedules.js';
import { Closing } from './closing/close.js';
import { DeadLetters } from './ended/dead-letters.js';
import { Ended } from './ended/ended.js';
import { OptionsError } from './errors/errors.js';
import { RUNTIMES_GUIDE } from './errors/guides.js';
import type { QueueEvents } from './events.js';
import { Register } from './job/register.js';
import { Lifecycle } from './lifecycle.js';
import { Admin } from './observe/admin.js';
import { Announcer } from './observe/announcer.js';
import { listenedBy } from './observe/listened.js';
import { loggerFor, report } from './observe/log.js';
import { makeObservable } from './observe/observers.js';
import { Overview } from './observe/overview.js';
import type { CheckedQueueOptions, Seams } from './queue-options.js';
import { Dispatcher } from './threads/dispatcher.js';
import type { Runner } from './threads/runner.js';
import { THREAD_MARK } from './threads/wire/protocol.js';
import { realClock } from './time/clock.js';
import { Admission } from './waiting/admission.js';
import { Idempotency } from './waiting/idempotency.js';
import { FreeThreads } from './waiting/takers.js';
import { WaitEstimate } from './waiting/wait-estimate.js';
import { WaitingJobs } from './waiting/waiting-jobs.js';

/** All parts of a queue, each made of those before it. */
export function wire(
  queue: EventEmitter<QueueEvents>,
  options: CheckedQueueOptions,
  { clock = realClock, random = Math.random, runner: makeRunner = threadsRunner }: Seams,
) {
  refuseInThread();
  const { name, maxInputBytes } = options;
  const logger = loggerFor(options.logger, name, options.logMetadata);
  const announcer = new Announcer(queue, name, (event, error) => report(logger, error, `a listener of "${event}" failed`));
  makeObservable(queue, announcer.observers);
  const register = new Register(clock);
  const { jobs, kinds, idPrefix } = register;
  register.countsBytes = options.maxWaitingBytes !== undefined;
  const waiting = new WaitingJobs(clock);
  const admission = new Admission(options, register, clock);
  const idempotency = new Idempotency(options.idempotency, clock);
  const ended = new Ended(options.keepCompleted, options.deadLetters, clock, register);
  const lifecycle = new Lifecycle({ clock, random, logger, announcer, register, waiting, admission, idempotency, ended });
  const { delays } = lifecycle;
  const listened = logger?.listened ?? listenedBy(undefined);
  const preload = options.jobs.map((definition) => kinds.of(definition));
  const runner = makeRunner(waiting, lifecycle, clock, { ...options, preload, idPrefix, listened });
  lifecycle.runBy(runner);
  const estimate = new WaitEstimate(kinds, waiting, options.threads);
  admission.takenBy(new FreeThreads(runner, options.threads, waiting, estimate));
  const intake = new Intake({ name, maxInputBytes, clock, announcer, register, waiting, admission, idempotency, lifecycle });
  const deadLetters = new DeadLetters(ended.deadLetters, new Replay({ announcer, register, store: ended.deadLetters, intake, lifecycle }));
  const schedules = new Schedules(clock);
  const overview = new Overview({ jobs, waiting, delays, runner, clock, ended });
  const admin = new Admin(register, ended);
  const closing = new Closing({ name, clock, announcer, register, waiting, lifecycle, intake, schedules, runner });
  const seen = { estimate, logger, announcer, register, waiting, delays, overview, admin };
  return { ...seen, options, clock, lifecycle, runner, intake, deadLetters, schedules, closing };
}

function threadsRunner(...parts: ConstructorParameters<typeof Dispatcher>): Runner {
  return new Dispatcher(...parts);
}

function refuseInThread(): void {
  if (!(THREAD_MARK in globalThis)) return;
  throw new OptionsError(
    `a JobQueue was made inside a job thread: a job module, or something it imports, makes one. Move \`new JobQueue\` to a file that no job module imports; with a bundler, give job files an entry of their own: see ${RUNTIMES_GUIDE}.`,
  );
}
