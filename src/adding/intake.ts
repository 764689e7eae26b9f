import { attachJob, CancelledError, InputError, InputTooLargeError, OptionsError, QueueClosedError } from '../errors.js';
import { type AddOptions, checkAddOptions } from '../job/add-options.js';
import type { JobDefinition } from '../job/definition.js';
import type { JobKind } from '../job/kind.js';
import type { Kinds } from '../job/kinds.js';
import { type Payload, pack } from '../job/payload.js';
import type { JobRecord } from '../job/record.js';
import { type Checked, summary, validate } from '../job/validate.js';
import type { Admission } from '../waiting/admission.js';
import type { Idempotency } from '../waiting/idempotency.js';

/** A job that was there already, for its idempotency key. */
export class Duplicate {
  constructor(readonly record: JobRecord) {}
}

export type Accepted = JobRecord | Duplicate;

/** The queue, as its intake sees it. */
export interface IntakeHost {
  readonly name: string;
  readonly kinds: Kinds;
  readonly admission: Admission;
  readonly idempotency: Idempotency;
  readonly maxInputBytes: number;
  /** Takes a job in: all checks are passed, and there is room. */
  enter(kind: JobKind, input: unknown, settings: AddOptions | undefined): JobRecord;
  /** A job was asked for that is there already. */
  deduplicated(record: JobRecord): void;
}

/** The way into a queue: past all checks, and then in line when it is full. */
export class Intake {
  readonly #host: IntakeHost;
  #closed = false;

  constructor(host: IntakeHost) {
    this.#host = host;
  }

  /** Nothing more comes in. */
  close(): void {
    this.#closed = true;
    this.#host.admission.close();
  }

  /** The definition's kind, when the queue takes jobs of it. */
  kindOf(definition: JobDefinition, options?: AddOptions): JobKind {
    this.#refuse(definition, options);
    return this.#host.kinds.of(definition);
  }

  /**
   * Checks everything, then enters the job. Resolves with `answer` of it. Synchronous as far as the schema and the room
   * allow: one promise for a whole job.
   */
  accept<Answer>(
    definition: JobDefinition,
    input: unknown,
    options: AddOptions | undefined,
    answer: (accepted: Accepted) => Answer,
  ): Promise<unknown> {
    try {
      const kind = this.kindOf(definition, options);
      const settings = options && checkAddOptions(definition, options);
      const checked = validate(definition.input, input);
      if (checked instanceof Promise) return this.#admitLater(kind, checked, settings, answer);
      const answered = this.#admit(kind, checked, settings, answer);
      return answered instanceof Promise ? answered : Promise.resolve(answered);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The same for many: all or none. */
  async acceptAll(definition: JobDefinition, inputs: Iterable<unknown>, options: AddOptions | undefined): Promise<JobRecord[]> {
    const kind = this.kindOf(definition, options);
    const settings = options && checkAddOptions(definition, options);
    if (settings?.idempotencyKey !== undefined || settings?.transfer !== undefined) {
      throw new OptionsError(`addBulk(${definition.name}): "idempotencyKey" and "transfer" belong to one job; use add`);
    }
    const parsed: unknown[] = [];
    for (const input of inputs) parsed.push(this.#payload(kind, await validate(definition.input, input), `inputs[${parsed.length}]`));
    const enter = () => {
      this.#refuse(definition, options);
      return parsed.map((input) => this.#host.enter(kind, input, settings));
    };
    const { admission } = this.#host;
    this.#refuse(definition, options);
    return admission.hasRoom(parsed.length) ? enter() : admission.enter(parsed.length, enter, settings?.signal);
  }

  /** What a job of this input would be sent. Throws, or rejects where the schema is asynchronous, as {@link accept} rejects. */
  parse(kind: JobKind, input: unknown): unknown {
    const checked = validate(kind.definition.input, input);
    if (checked instanceof Promise) return checked.then((later) => this.#payload(kind, later, 'input'));
    return this.#payload(kind, checked, 'input');
  }

  async #admitLater<Answer>(
    kind: JobKind,
    checked: Promise<Checked>,
    settings: AddOptions | undefined,
    answer: (accepted: Accepted) => Answer,
  ): Promise<Answer> {
    return this.#admit(kind, await checked, settings, answer);
  }

  #admit<Answer>(
    kind: JobKind,
    checked: Checked,
    settings: AddOptions | undefined,
    answer: (accepted: Accepted) => Answer,
  ): Answer | Promise<Answer> {
    const input = this.#payload(kind, checked, 'input');
    this.#refuse(kind.definition, settings);
    const known = this.#known(kind, input, settings);
    if (known !== undefined) return answer(known);
    if (this.#host.admission.hasRoom(1)) return answer(this.#host.enter(kind, input, settings));
    return this.#enterInTurn(kind, input, settings, answer);
  }

  // A function of its own, for what a closure needs is allocated whenever the function around it is called.
  #enterInTurn<Answer>(
    kind: JobKind,
    input: unknown,
    settings: AddOptions | undefined,
    answer: (accepted: Accepted) => Answer,
  ): Promise<Answer> {
    const enter = () => {
      this.#refuse(kind.definition, settings);
      return answer(this.#known(kind, input, settings) ?? this.#host.enter(kind, input, settings));
    };
    return this.#host.admission.enter(1, enter, settings?.signal);
  }

  /** Throws when the queue takes no such job any more. */
  #refuse(definition: JobDefinition, options: AddOptions | undefined): void {
    if (this.#closed) {
      throw new QueueClosedError(`the queue "${this.#host.name}" is closed: it takes no more jobs`, { jobName: definition?.name });
    }
    if (options?.signal?.aborted) {
      throw new CancelledError(`${definition.name} was cancelled before it was added`, options.signal.reason, { jobName: definition.name });
    }
  }

  /** The job that is known under the idempotency key. */
  #known(kind: JobKind, input: unknown, settings: AddOptions | undefined): Duplicate | undefined {
    if (settings?.idempotencyKey === undefined) return undefined;
    const record = this.#host.idempotency.find(kind.definition.name, settings.idempotencyKey, input);
    if (record === undefined) return undefined;
    this.#host.deduplicated(record);
    return new Duplicate(record);
  }

  #payload(kind: JobKind, checked: Checked, root: string): unknown {
    return payloadOf(kind.definition, checked, root, this.#host.maxInputBytes);
  }
}

/**
 * What is sent for an input: the schema's output, ready to cross to a thread. `root` names it in messages.
 * Throws `InputError`, `NotCloneableError` or `InputTooLargeError`.
 */
export function payloadOf({ name: jobName }: JobDefinition, checked: Checked, root: string, maxBytes: number): unknown {
  if (checked.issues !== undefined) {
    throw new InputError(`the input of job "${jobName}" is invalid: ${summary(checked.issues, root)}`, checked.issues, { jobName });
  }
  const { value, bytes } = packed(checked.value, root, jobName);
  if (bytes > maxBytes) {
    throw new InputTooLargeError(
      `the input of job "${jobName}" takes about ${bytes} bytes, more than maxInputBytes (${maxBytes}). Send a reference, such as a path or a key, put the bytes in a SharedArrayBuffer, or raise maxInputBytes.`,
      { jobName },
    );
  }
  return value;
}

function packed(value: unknown, root: string, jobName: string): Payload {
  try {
    return pack(value, root);
  } catch (error) {
    attachJob(error, { jobName });
    throw error;
  }
}
