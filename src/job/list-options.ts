import { type Check, checked, object, optional, orInfinity, whole } from '../checks/checks.js';

/** Which part of a list. */
export interface ListOptions {
  /** How many are left out at the beginning. Default 0. */
  offset?: number;
  /** At most so many. Default 100. */
  limit?: number;
}

export const listOptions = { offset: optional(whole, 0), limit: optional(orInfinity(whole), 100) };

const part: Check<Required<ListOptions>> = object(listOptions);

/** Throws `OptionsError`. */
export function checkListOptions(options: ListOptions, where: string): Required<ListOptions> {
  return checked(part, options, where);
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
