import { boolean, checked, count, instanceOf, openObject, optional } from '../checks/checks.js';
import { OptionsError } from '../errors/errors.js';
import { type AddOptions, checkAddOptions } from '../job/add-options.js';
import type { JobDefinition } from '../job/definition.js';
import { Flow, type Item, type RunItem, type Source } from './flow.js';

/** Options of `map`; all have defaults. Those of its jobs are as `run` takes them. */
export interface MapOptions extends Omit<AddOptions, 'delay' | 'idempotencyKey' | 'transfer'> {
  /** Outputs come in the order of their inputs. Default `true`; `false`: each as soon as it is there. */
  ordered?: boolean;
  /**
   * Most items read ahead of the consumer: waiting, running, or done and not yet taken. Default 2 × `threads` ×
   * `maxBatch`, which keeps the threads busy with tiny jobs, and at most `maxWaiting`. Choose less for large items.
   */
  concurrency?: number;
  /** Cancels everything when aborted: the generator throws `CancelledError`. */
  signal?: AbortSignal;
  /** Yields what became of each item, {@link Settled}, and goes on past those that failed. Default `false`: the first that fails ends it all. */
  settled?: boolean;
}

/** What became of an item: its place in the source, from 0, the item, and its output or its error. */
export type Settled<Input, Output> =
  | { readonly index: number; readonly input: Input; readonly output: Output; readonly error?: undefined }
  | { readonly index: number; readonly input: Input; readonly output?: undefined; readonly error: unknown };

const mapped = openObject({
  ordered: optional(boolean, true),
  concurrency: optional(count),
  signal: optional(instanceOf(AbortSignal, 'expected an AbortSignal')),
  settled: optional(boolean, false),
});

/** Belong to one job, or would hold up what comes after. */
const NOT_OF_MANY = ['delay', 'idempotencyKey', 'onDuplicate', 'ttl', 'transfer'];

/**
 * Runs every item of `source` as a job of a definition; `concurrency` is the default. Gives outputs, or where `settled`
 * {@link Settled}. Throws `OptionsError`.
 */
export function mapThrough<Input, Output>(
  definition: JobDefinition,
  source: Source<Input>,
  options: MapOptions,
  concurrency: number,
  run: (input: Input, options: AddOptions) => Promise<Output>,
): AsyncGenerator<unknown, void, undefined> {
  const where = `map(${definition.name})`;
  const { ordered, concurrency: most = concurrency, signal, settled, ...ofJobs } = checked(mapped, options, where);
  const wrong = Object.keys(ofJobs).filter((key) => NOT_OF_MANY.includes(key));
  if (wrong.length > 0)
    throw new OptionsError(`${where}: unknown option ${wrong.map((key) => `"${key}"`).join(', ')}: it belongs to one job`);
  checkAddOptions(definition, ofJobs, true, undefined, where);
  if (!isIterable(source)) throw new OptionsError(`${where}: expected an iterable or async iterable, given ${typeof source}`);
  const runOne: RunItem<Input, Output> = (input, stop) => run(input, { ...ofJobs, signal: stop });
  const open = () => new Flow(where, source, { ordered, concurrency: most, signal, settled }, runOne);
  return generate(open, settled ? settledOf : outputOf);
}

function outputOf({ output }: Item<unknown, unknown>): unknown {
  return output;
}

function settledOf({ index, input, state, output, error }: Item<unknown, unknown>): Settled<unknown, unknown> {
  return state === 'completed' ? { index, input, output } : { index, input, error };
}

async function* generate(open: () => Flow<any, any>, shown: (item: Item<any, any>) => unknown): AsyncGenerator<unknown, void, undefined> {
  const flow = open();
  let failed = true;
  try {
    for (;;) {
      flow.fill();
      const item = flow.take();
      if (item !== undefined) {
        flow.fill();
        failed = false;
        yield shown(item);
        failed = true;
      } else if (flow.over) {
        failed = false;
        return;
      } else await flow.change();
    }
  } finally {
    await flow.stop(failed);
  }
}

function isIterable(value: unknown): boolean {
  if (value === null || value === undefined) return false;
  const source = Object(value) as object;
  return Symbol.asyncIterator in source || Symbol.iterator in source;
}
