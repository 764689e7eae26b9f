import { shown } from '../checks/checks.js';
import { attachJob, CancelledError, InputError, InputTooLargeError, OptionsError, QueueClosedError } from '../errors/errors.js';
import { type AddOptions, checkAddOptions, type TakenAddOptions } from '../job/add-options.js';
import type { JobDefinition } from '../job/definition.js';
import type { Job } from '../job/job.js';
import type { JobKind } from '../job/kind.js';
import { type Payload, pack } from '../job/payload.js';
import { bytesOf, type Register } from '../job/register.js';
import { type Checked, summary, validate } from '../job/validate.js';
import type { Lifecycle } from '../lifecycle.js';
import type { Announcer } from '../observe/announcer.js';
import type { Clock } from '../time/clock.js';
import type { Admission } from '../waiting/admission.js';
import type { Idempotency } from '../waiting/idempotency.js';
import type { WaitingJobs } from '../waiting/waiting-jobs.js';
import type { Asking } from './asking.js';
import { Bulk, type Parsed, Slices, sum } from './bulk.js';
import { Duplicates } from './duplicates.js';
import { requestOf, waited } from './request.js';
import { withGroup } from './with-group.js';

/** What an intake needs of its queue. */
interface Parts {
  /** The queue's. */
  readonly name: string;
  readonly maxInputBytes: number;
  readonly clock: Clock;
  readonly announcer: Announcer;
  readonly register: Register;
  readonly waiting: WaitingJobs;
  readonly admission: Admission;
  readonly idempotency: Idempotency;
  readonly lifecycle: Lifecycle;
}

/** The way into a queue: past all checks, and then in line when it is full. */
export class Intake {
  readonly duplicates: Duplicates;
  readonly #parts: Parts;
  /** Calls whose jobs are coming in. */
  readonly #bulks = new Set<Bulk>();
  #closed = false;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.duplicates = new Duplicates(parts);
  }

  /** Nothing more comes in. */
  close(): void {
    this.#closed = true;
    for (const bulk of this.#bulks) bulk.finish();
    this.#parts.admission.close();
  }

  /** The definition's kind, when the queue takes jobs of it. */
  kindOf(definition: JobDefinition, options?: AddOptions): JobKind {
    this.refuseClosed(definition?.name);
    const kind = this.#parts.register.kinds.of(definition);
    this.#refuse(definition, options);
    return kind;
  }

  /**
   * Checks everything, then enters the job. Resolves with what is asked for. Synchronous as far as the schema and the room
   * allow: one promise for a whole job.
   */
  accept<Presented>(
    definition: JobDefinition,
    input: unknown,
    options: AddOptions | undefined,
    asking: Asking<Presented>,
  ): Promise<unknown> {
    try {
      const kind = this.kindOf(definition, options);
      const settings = options && checkAddOptions(definition, options, asking.awaited, this.#parts.maxInputBytes);
      const checked = validate(definition.input, input);
      if (checked instanceof Promise) return this.#admitLater(kind, checked, settings, asking);
      const presented = this.#admit(kind, checked, settings, asking);
      return presented instanceof Promise ? presented : Promise.resolve(presented);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The same for many: all or none. */
  async acceptAll(definition: JobDefinition, inputs: Iterable<unknown>, options: AddOptions | undefined): Promise<Job[]> {
    const kind = this.kindOf(definition, options);
    const settings = options && checkAddOptions(definition, options, false, this.#parts.maxInputBytes);
    if (settings?.idempotencyKey !== undefined || settings?.transfer !== undefined) {
      throw new OptionsError(`addBulk(${definition.name}): "idempotencyKey" and "transfer" belong to one job; use add`);
    }
    if (typeof inputs?.[Symbol.iterator] !== 'function') {
      throw new OptionsError(`addBulk(${definition.name}): expected an iterable of inputs, given ${shown(inputs)}; map takes async ones`);
    }
    const { admission, register, lifecycle, clock } = this.#parts;
    const since = clock.now();
    const parsed = await this.#parseAll(kind, inputs, settings);
    this.#refuse(definition, options);
    if (parsed.inputs.length === 0) return [];
    return admission.admit(requestOf(kind, settings, parsed.counts, sum(parsed.bytes), since), () => {
      this.#refuse(definition, options);
      const ms = clock.now() - since;
      return this.#enterAll(new Bulk(register, lifecycle, kind, parsed, (settings) => waited(kind, settings, ms)));
    });
  }

  async #parseAll(kind: JobKind, inputs: Iterable<unknown>, settings: TakenAddOptions | undefined): Promise<Parsed> {
    const slices = new Slices();
    const { definition } = kind;
    const parsed: Parsed = { inputs: [], bytes: [], settings, each: definition.group && [], counts: new Map() };
    for (const input of inputs) {
      const checked = validate(definition.input, input);
      const root = `inputs[${parsed.inputs.length}]`;
      const payload = this.#payload(kind, checked instanceof Promise ? await checked : checked, root, settings);
      const grouped = withGroup(definition, payload, settings);
      parsed.inputs.push(payload);
      parsed.each?.push(grouped);
      if (this.#parts.register.countsBytes) parsed.bytes.push(this.#bytesOf(payload, settings));
      parsed.counts.set(grouped?.group, (parsed.counts.get(grouped?.group) ?? 0) + 1);
      if (slices.over) await slices.next();
    }
    return parsed;
  }

  async #enterAll(bulk: Bulk): Promise<Job[]> {
    this.#bulks.add(bulk);
    try {
      return await bulk.enter();
    } finally {
      this.#bulks.delete(bulk);
    }
  }

  /** What a job of this input would be sent. Throws, or rejects where the schema is asynchronous, as {@link accept} rejects. */
  parse(kind: JobKind, input: unknown): unknown {
    const checked = validate(kind.definition.input, input);
    if (checked instanceof Promise) return checked.then((later) => this.#payload(kind, later, 'input'));
    return this.#payload(kind, checked, 'input');
  }

  /** Throws what {@link accept} would reject with, as far as the schema is synchronous. */
  tryParse(definition: JobDefinition, input: unknown): void {
    const parsed = this.parse(this.kindOf(definition), input);
    if (parsed instanceof Promise) parsed.catch(() => {});
  }

  async #admitLater<Presented>(
    kind: JobKind,
    checked: Promise<Checked>,
    settings: TakenAddOptions | undefined,
    asking: Asking<Presented>,
  ): Promise<Presented> {
    const { clock } = this.#parts;
    const since = clock.now();
    return this.#admit(kind, await checked, waited(kind, settings, clock.now() - since), asking);
  }

  #admit<Presented>(
    kind: JobKind,
    checked: Checked,
    settings: TakenAddOptions | undefined,
    asking: Asking<Presented>,
  ): Presented | Promise<Presented> {
    const input = this.#payload(kind, checked, 'input', settings);
    const grouped = withGroup(kind.definition, input, settings);
    this.#refuse(kind.definition, settings);
    const answer = this.duplicates.answer(kind, input, grouped, asking.awaited);
    if (answer !== undefined) return asking.present(answer);
    if (this.#parts.admission.hasRoom(kind, this.#bytesOf(input, settings)))
      return asking.present(this.#parts.lifecycle.enter(kind, input, grouped, asking.awaited));
    return this.#enterInTurn(kind, input, grouped, asking);
  }

  // A function of its own, for what a closure needs is allocated whenever the function around it is called.
  #enterInTurn<Presented>(
    kind: JobKind,
    input: unknown,
    settings: TakenAddOptions | undefined,
    asking: Asking<Presented>,
  ): Presented | Promise<Presented> {
    const { admission, lifecycle, clock } = this.#parts;
    const since = clock.now();
    const request = requestOf(kind, settings, new Map([[settings?.group, 1]]), this.#bytesOf(input, settings), since);
    return admission.admit(request, () => {
      this.#refuse(kind.definition, settings);
      const known = this.duplicates.answer(kind, input, settings, asking.awaited);
      return asking.present(known ?? lifecycle.enter(kind, input, waited(kind, settings, clock.now() - since), asking.awaited));
    });
  }

  /** What a job that waits takes, where that is counted. */
  #bytesOf(input: unknown, settings: AddOptions | undefined): number {
    return this.#parts.register.countsBytes ? bytesOf(input, settings?.metadata) : 0;
  }

  /** Throws when the queue takes no jobs any more. */
  refuseClosed(jobName?: string): void {
    if (!this.#closed) return;
    throw new QueueClosedError(`the queue "${this.#parts.name}" is closed: it takes no more jobs`, { jobName });
  }

  /** Throws when the queue takes no such job any more. */
  #refuse(definition: JobDefinition, options: AddOptions | undefined): void {
    this.refuseClosed(definition.name);
    if (options?.signal?.aborted) {
      throw new CancelledError(`${definition.name} was cancelled before it was added`, options.signal.reason, { jobName: definition.name });
    }
  }

  /** What is sent for an input that the schema returned; `root` names it in messages. Throws as {@link accept} rejects. */
  payload(kind: JobKind, value: unknown, root: string, settings?: TakenAddOptions): unknown {
    return this.#payload(kind, { issues: undefined, value }, root, settings);
  }

  #payload(kind: JobKind, checked: Checked, root: string, settings?: TakenAddOptions): unknown {
    return payloadOf(kind.definition, checked, root, this.#parts.maxInputBytes, settings?.metadataBytes);
  }
}

/**
 * What is sent for an input: the schema's output, ready to cross to a thread. `root` names it in messages.
 * Throws `InputError`, `NotCloneableError` or `InputTooLargeError`.
 */
export function payloadOf({ name: jobName }: JobDefinition, checked: Checked, root: string, maxBytes: number, metadataBytes = 0): unknown {
  if (checked.issues !== undefined) {
    throw new InputError(`the input of job "${jobName}" is invalid: ${summary(checked.issues, root)}`, checked.issues, { jobName });
  }
  const payload = packed(checked.value, root, jobName, maxBytes);
  const bytes = payload.bytes + metadataBytes;
  if (bytes > maxBytes) {
    const what = metadataBytes === 0 ? `the input of job "${jobName}" takes` : `the input and the metadata of job "${jobName}" take`;
    throw new InputTooLargeError(
      `${what} about ${bytes} bytes or more, which is more than maxInputBytes (${maxBytes}). Send a reference, such as a path or a key, put the bytes in a SharedArrayBuffer, or raise maxInputBytes.`,
      { jobName },
    );
  }
  return payload.value;
}

function packed(value: unknown, root: string, jobName: string, maxBytes: number): Payload {
  try {
    return pack(value, root, maxBytes);
  } catch (error) {
    attachJob(error, { jobName });
    throw error;
  }
}
