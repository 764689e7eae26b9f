import { randomUUID } from 'node:crypto';
import type { JobsOptions } from 'bullmq';
import { type AnyAddOptions, type JobDefinition, NotCloneableError, OptionsError } from '../index.js';
import * as internals from '../internals.js';
import { changedByJson } from './json.js';
import { refuseGroup } from './options.js';
import { type JobData, storedPriority } from './stored.js';

/** Options of `add` that need the memory of one process, and what to do instead. */
const NOT_HERE = {
  transfer: 'nothing is moved: the input is written to Redis',
  group: 'BullMQ has no groups: give each a queue of its own',
} as const;

/** A job as BullMQ is given it. */
export interface JobToAdd {
  readonly name: string;
  readonly data: JobData;
  readonly opts: JobsOptions & { readonly jobId: string };
}

/** What a call of `add` says of all its jobs, checked. */
export class AddSettings {
  readonly #definition: JobDefinition;
  readonly #checked: AnyAddOptions & { metadataBytes?: number };
  readonly #awaited: boolean;
  readonly #keyTtl: number;

  /** Throws `OptionsError`, and `NotCloneableError` for metadata that JSON would change. */
  constructor(definition: JobDefinition, options: AnyAddOptions, awaited: boolean, maxInputBytes: number, keyTtl: number) {
    const where = `add(${definition.name})`;
    refuseGroup(definition);
    for (const [option, why] of Object.entries(NOT_HERE)) {
      if ((options as Record<string, unknown>)[option] !== undefined) throw new OptionsError(`${where}: option "${option}": ${why}`);
    }
    if (typeof options.backoff === 'function') {
      throw new OptionsError(`${where}: option "backoff": a function cannot leave the process; the definition may have one`);
    }
    this.#definition = definition;
    this.#checked = internals.checkAddOptions(definition, options, awaited, maxInputBytes) as AnyAddOptions;
    this.#awaited = awaited;
    this.#keyTtl = keyTtl;
    const changed = this.#checked.metadata === undefined ? undefined : changedByJson(this.#checked.metadata, 'metadata');
    if (changed !== undefined) throw notJson(definition, changed, 'the metadata of');
    this.#priority();
  }

  get signal(): AbortSignal | undefined {
    return this.#checked.signal;
  }

  /** By which BullMQ knows two jobs of one key. */
  get deduplicationId(): string | undefined {
    const { idempotencyKey } = this.#checked;
    return idempotencyKey === undefined ? undefined : `${this.#definition.name}:${idempotencyKey}`;
  }

  get onDuplicate(): NonNullable<AnyAddOptions['onDuplicate']> {
    return this.#checked.onDuplicate ?? 'join';
  }

  /** What is written for an input that the schema returned; `root` names it in messages. Throws `NotCloneableError` and `InputTooLargeError`. */
  jobOf(input: unknown): JobToAdd {
    const { timeout, maxWait, backoff, metadata, delay, maxAttempts, deadLetter } = this.#checked;
    const definition = this.#definition;
    const defaults = this.#awaited ? definition.awaited : definition;
    const id = this.deduplicationId;
    const data: JobData = {
      input,
      ...(metadata !== undefined && { metadata }),
      ...(timeout !== undefined && { timeout }),
      ...(maxWait !== undefined && { maxWait }),
      ...(backoff !== undefined && { backoff }),
      ...(!(deadLetter ?? defaults.deadLetter) && { noDeadLetter: true as const }),
      ...(id !== undefined && { keyTtl: this.#checked.ttl ?? this.#keyTtl }),
    };
    const opts = {
      jobId: randomUUID(),
      attempts: maxAttempts ?? defaults.maxAttempts,
      // The worker computes it, by our own rules.
      backoff: { type: 'threadmill' },
      priority: this.#priority(),
      ...(delay !== undefined && { delay: Math.ceil(delay) }),
      ...(id !== undefined && { deduplication: { id } }),
    };
    return { name: definition.name, data, opts };
  }

  /** The input as it is written. */
  written(value: unknown, root: string): unknown {
    const { codec } = this.#definition;
    if (codec !== undefined) return codec.serialize(value);
    const changed = changedByJson(value, root);
    if (changed !== undefined) throw notJson(this.#definition, changed, 'the input of');
    return value;
  }

  #priority(): number {
    const priority = this.#checked.priority ?? this.#definition.priority;
    const stored = storedPriority(priority);
    if (stored !== undefined) return stored;
    throw new OptionsError(
      `add(${this.#definition.name}): option "priority": expected an integer from -1048575 to 1048575, given ${priority}`,
    );
  }
}

function notJson({ name: jobName }: JobDefinition, changed: string, what: string): NotCloneableError {
  return new NotCloneableError(
    `${what} job "${jobName}" cannot be written to Redis as it is: ${changed}, which JSON would change. Send what is JSON, or give the definition a codec, such as superjson.`,
    { jobName },
  );
}
