import { z } from 'zod';
import { checkOptions } from '../checks/check-options.js';

/** Which part of a list. */
export interface ListOptions {
  /** How many are left out at the beginning. Default 0. */
  offset?: number;
  /** At most so many. Default 100. */
  limit?: number;
}

export const listOptions = () => ({
  offset: z.int().min(0).default(0),
  limit: z.union([z.int().min(0), z.literal(Number.POSITIVE_INFINITY)], 'expected an integer from 0, or Infinity').default(100),
});

const schema = z.lazy(() => z.strictObject(listOptions()));

/** Throws `OptionsError`. */
export function checkListOptions(options: ListOptions, where: string): Required<ListOptions> {
  return checkOptions(schema, options, where);
}

/** A part of what there is, read no further than needed. */
export function partOf<Item>(items: Iterable<Item>, { offset, limit }: Required<ListOptions>): Item[] {
  const part: Item[] = [];
  let place = 0;
  for (const item of items) {
    if (part.length >= limit) break;
    if (place++ >= offset) part.push(item);
  }
  return part;
}
