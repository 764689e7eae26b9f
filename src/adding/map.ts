import { z } from 'zod';
import { checkOptions } from '../check-options.js';
import { OptionsError } from '../errors.js';
import { Flow, type Run, type Source } from './flow.js';

/** Options of `map`; all have defaults. */
export interface MapOptions {
  /** Outputs come in the order of their inputs. Default `true`; `false`: each as soon as it is there. */
  ordered?: boolean;
  /**
   * Most items read ahead of the consumer: waiting, running, or done and not yet taken. Default 2 × `threads` ×
   * `maxBatch`, which keeps the threads busy with tiny jobs, and at most `maxWaiting`. Choose less for large items.
   */
  concurrency?: number;
  /** Cancels everything when aborted: the generator throws `CancelledError`. */
  signal?: AbortSignal;
}

const schema = z.strictObject({
  ordered: z.boolean().default(true),
  concurrency: z.int().min(1).optional(),
  signal: z.instanceof(AbortSignal, { error: 'expected an AbortSignal' }).optional(),
});

/** Runs every item of `source` as a job of the definition called `name`. Throws `OptionsError`. */
export function mapThrough<Input, Output>(
  name: string,
  source: Source<Input>,
  options: MapOptions,
  concurrency: number,
  run: Run<Input, Output>,
): AsyncGenerator<Output, void, undefined> {
  const where = `map(${name})`;
  const checked = checkOptions(schema, options, where);
  if (!isIterable(source)) throw new OptionsError(`${where}: expected an iterable or async iterable, given ${typeof source}`);
  return generate(() => new Flow(where, source, { ...checked, concurrency: checked.concurrency ?? concurrency }, run));
}

async function* generate<Output>(open: () => Flow<any, Output>): AsyncGenerator<Output, void, undefined> {
  const flow = open();
  let failed = true;
  try {
    for (;;) {
      flow.fill();
      const item = flow.take();
      if (item !== undefined) {
        flow.fill();
        failed = false;
        yield item.output as Output;
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
