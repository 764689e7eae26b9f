import { type JobDefinition, OptionsError } from '../index.js';
import * as internals from '../internals.js';

/**
 * How an attempt shall end without its handler: over its time limit, by `process.exit(1)` in its thread, by a thread
 * out of memory, or with an error that it throws.
 */
export type Fault = 'timeout' | 'crash' | 'out-of-memory' | Error;

const KINDS: readonly unknown[] = ['timeout', 'crash', 'out-of-memory'];

/** The faults of attempts to come, by definition. */
export class Faults {
  readonly #planned = new Map<string, Fault[]>();

  /** Throws `OptionsError`. */
  plan(definition: JobDefinition, fault: Fault, times: number): void {
    if (!internals.isDefinition(definition)) throw new OptionsError('failNext: expected a definition from defineJob');
    if (!KINDS.includes(fault) && !(fault instanceof Error)) {
      throw new OptionsError(`failNext: expected "timeout", "crash", "out-of-memory" or an Error, given ${internals.textOf(fault)}`);
    }
    if (!Number.isInteger(times) || times < 1)
      throw new OptionsError(`failNext: option "times": expected an integer from 1, given ${times}`);
    const planned = this.#planned.get(definition.name) ?? [];
    planned.push(...Array.from({ length: times }, () => fault));
    this.#planned.set(definition.name, planned);
  }

  /** The fault of the attempt that starts now. */
  next(name: string): Fault | undefined {
    return this.#planned.get(name)?.shift();
  }
}

/** What Node.js says of a thread that is out of memory. */
export function outOfMemory(): Error {
  const error = new Error('Worker terminated due to reaching memory limit: JS heap out of memory');
  return Object.assign(error, { code: 'ERR_WORKER_OUT_OF_MEMORY' });
}
