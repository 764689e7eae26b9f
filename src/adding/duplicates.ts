import type { AddOptions } from '../job/add-options.js';
import { cancelled } from '../job/cancelled.js';
import type { JobKind } from '../job/kind.js';
import { waits } from '../job/move.js';
import type { JobRecord } from '../job/record.js';
import type { Lifecycle } from '../lifecycle.js';
import type { Announcer } from '../observe/announcer.js';
import { type Idempotency, refuseOther, refuseSecond } from '../waiting/idempotency.js';
import type { WaitingJobs } from '../waiting/waiting-jobs.js';
import { type Accepted, Duplicate } from './asking.js';

interface Parts {
  readonly announcer: Announcer;
  readonly waiting: WaitingJobs;
  readonly idempotency: Idempotency;
  readonly lifecycle: Lifecycle;
}

/** What a job is answered with whose idempotency key stands for another one. */
export class Duplicates {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** As `onDuplicate` says; `undefined` where the key is free. Throws `IdempotencyError`. */
  answer(kind: JobKind, input: unknown, settings: AddOptions | undefined, awaited: boolean): Accepted | undefined {
    if (settings?.idempotencyKey === undefined) return undefined;
    const { idempotencyKey, onDuplicate } = settings;
    const record = this.#parts.idempotency.find(kind.definition.name, idempotencyKey);
    if (record === undefined) return undefined;
    if (onDuplicate === 'replace') return waits(record.state) ? this.#replace(record, input, settings, awaited) : undefined;
    if (onDuplicate === 'reject') refuseSecond(record);
    if (onDuplicate !== 'drop') refuseOther(record, input);
    return this.join(record);
  }

  /** The job that an idempotency key stands for, if one does. Throws `IdempotencyError` when it has another input. */
  known(kind: JobKind, input: unknown, key: string | undefined): JobRecord | undefined {
    const record = key === undefined ? undefined : this.#parts.idempotency.find(kind.definition.name, key);
    if (record !== undefined) refuseOther(record, input);
    return record;
  }

  /** A job was asked for that is there already. */
  join(record: JobRecord): Duplicate {
    record.kind.totals.deduplicated++;
    this.#parts.announcer.announceJob('deduplicated', record);
    return new Duplicate(record);
  }

  /** In the place of one that has not been started, or waits to be tried again: that is cancelled. */
  #replace(former: JobRecord, input: unknown, settings: AddOptions | undefined, awaited: boolean): JobRecord {
    const { announcer, lifecycle, waiting } = this.#parts;
    return announcer.change(() => {
      const { order } = former;
      const inLine = former.state === 'waiting';
      // Before the other leaves: its room is this one's.
      const record = lifecycle.enter(former.kind, input, settings, awaited);
      lifecycle.giveUp(former, cancelled(former, 'replaced by a newer job of its idempotency key'));
      if (!inLine || record.state !== 'waiting') return record;
      waiting.remove(record);
      record.order = order;
      waiting.returned([record]);
      return record;
    });
  }
}
