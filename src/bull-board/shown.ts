import { inspect } from 'node:util';

/** How much of one value a page shows, in characters: about so many in all, so many of each text; and so many items of each list. */
export interface Bounds {
  total: number;
  text: number;
  items: number;
}

/** For a job in a list, which is asked for every few seconds. */
export const IN_LIST: Bounds = { total: 20_000, text: 2_000, items: 50 };
/** For a job on a page of its own. */
export const ON_ITS_PAGE: Bounds = { total: 500_000, text: 100_000, items: 1_000 };

/** Deepest level of objects in objects. */
const DEPTH = 12;
/** What a part costs beside its text: a name, and what stands around it. */
const PART = 10;

/** Says in a shown value that something is missing. */
const CUT = '… cut by threadmill/bull-board';

/** Whether a value that comes back from the page lacks what was cut. */
export function isCut(value: unknown): boolean {
  return JSON.stringify(value)?.includes(CUT) ?? false;
}

/** A value of a job as JSON can carry it, whatever it is: inputs and results may be huge, and are of more types than JSON has. */
export function shown(value: unknown, bounds: Bounds): unknown {
  return new Showing(bounds).show(value, 0);
}

class Showing {
  readonly #bounds: Bounds;
  #left: number;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
    this.#left = bounds.total;
  }

  show(value: unknown, depth: number): unknown {
    this.#left -= PART;
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'number':
        return Number.isFinite(value) ? value : String(value);
      case 'bigint':
        return `${value}n`;
      case 'object':
        return value === null ? null : this.#object(value, depth);
      case 'boolean':
      case 'undefined':
        return value;
      default:
        return inspect(value);
    }
  }

  #text(text: string): string {
    const most = Math.max(0, Math.min(this.#bounds.text, this.#left));
    this.#left -= Math.min(text.length, most);
    return text.length > most ? `${text.slice(0, most)}${CUT}: ${text.length} characters` : text;
  }

  #object(value: object, depth: number): unknown {
    if (value instanceof Date) return inspect(value);
    if (value instanceof Error) return this.#text(`${value.name}: ${value.message}`);
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) {
      return `${value.constructor.name} of ${value.byteLength} bytes${CUT}`;
    }
    if (depth === DEPTH) return CUT;
    if (Array.isArray(value)) return this.#list(value, value.length, depth);
    if (value instanceof Set) return { Set: this.#list(value, value.size, depth) };
    if (value instanceof Map) return { Map: this.#list(value, value.size, depth) };
    return this.#fields(value as Record<string, unknown>, depth);
  }

  #list(items: Iterable<unknown>, length: number, depth: number): unknown[] {
    const all: unknown[] = [];
    for (const item of items) {
      if (this.#isFull(all.length)) return [...all, `${CUT}: ${length} in all`];
      all.push(this.show(item, depth + 1));
    }
    return all;
  }

  #fields(value: Record<string, unknown>, depth: number): object {
    const all: [string, unknown][] = [];
    for (const key in value) {
      if (!Object.hasOwn(value, key)) continue;
      if (this.#isFull(all.length)) {
        all.push([CUT, true]);
        break;
      }
      all.push([this.#text(key), this.show(value[key], depth + 1)]);
    }
    return Object.fromEntries(all);
  }

  #isFull(items: number): boolean {
    return items >= this.#bounds.items || this.#left <= 0;
  }
}
