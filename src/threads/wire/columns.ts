// Taken now: in a thread, handlers may change the globals.
const { fromEntries, getPrototypeOf, hasOwn } = Object;
const { isArray } = Array;
const ObjectPrototype = Object.prototype;

/** Objects with more properties than this are sent as they are. */
const MOST_KEYS = 16;
/** More results than a batch has jobs (`LARGEST_BATCH`) are none of ours: whoever takes them walks them, also the holes of an array that only claims to be long. */
const MOST_ROWS = 4_096;
/** Fewer are not worth it. */
const FEWEST = 4;

/** Plain objects with the same keys in the same order, and no objects in them: a column for each key, with a value of each. */
export interface Columns {
  readonly keys: readonly string[];
  readonly columns: readonly (readonly unknown[])[];
}

/** Values on their way to another thread, one of each job. */
export type Rows = readonly unknown[] | Columns;

/**
 * The values in columns where that can be: most jobs of a batch have inputs, and results, of one shape, and V8 reads
 * columns much faster than objects. Throws what a getter throws.
 */
export function packed(values: readonly unknown[]): Rows {
  return (values.length >= FEWEST && inColumns(values)) || values;
}

function inColumns(values: readonly unknown[]): Columns | undefined {
  const keys = keysOf(values[0]);
  if (keys === undefined) return undefined;
  const columns: unknown[][] = [];
  for (let at = 0; at < keys.length; at++) columns[at] = [];
  for (let row = 0; row < values.length; row++) if (!fill(columns, row, keys, values[row])) return undefined;
  return { keys, columns };
}

function keysOf(value: unknown): string[] | undefined {
  if (!isPlain(value)) return undefined;
  const keys: string[] = [];
  for (const key in value) {
    // In an object that is made of them it would be another thing.
    if (key === '__proto__' || keys.length === MOST_KEYS || !hasOwn(value, key)) return undefined;
    keys[keys.length] = key;
  }
  return keys.length === 0 ? undefined : keys;
}

/** Whether the value has just these keys, and nothing that would have to be the same object elsewhere. */
function fill(columns: unknown[][], row: number, keys: readonly string[], value: unknown): boolean {
  if (!isPlain(value)) return false;
  let at = 0;
  for (const key in value) {
    // Own ones come first.
    if (key !== keys[at] || !hasOwn(value, key)) return false;
    const item = value[key];
    if (typeof item === 'object' ? item !== null : typeof item === 'function' || typeof item === 'symbol') return false;
    (columns[at] as unknown[])[row] = item;
    at++;
  }
  return at === keys.length;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && getPrototypeOf(value) === ObjectPrototype;
}

/** The values again. */
export function unpacked(rows: Rows): readonly unknown[] {
  if (isArray(rows)) return rows;
  const { keys, columns } = rows as Columns;
  const values: unknown[] = [];
  const { length } = columns[0] as readonly unknown[];
  const make = keys.some((key) => key in ObjectPrototype) ? defined : assigned;
  for (let row = 0; row < length; row++) values[row] = make(keys, columns, row);
  return values;
}

function assigned(keys: Columns['keys'], columns: Columns['columns'], row: number): unknown {
  const object: Record<string, unknown> = {};
  for (let at = 0; at < keys.length; at++) object[keys[at] as string] = (columns[at] as readonly unknown[])[row];
  return object;
}

/** Whatever setters stand on the prototype of all objects. */
function defined(keys: Columns['keys'], columns: Columns['columns'], row: number): unknown {
  return fromEntries(keys.map((key, at) => [key, columns[at]?.[row]]));
}

/** Whether something from a thread is such. */
export function isRows(value: unknown): value is Rows {
  if (isArray(value)) return value.length <= MOST_ROWS;
  if (typeof value !== 'object' || value === null) return false;
  const { keys, columns } = value as { keys?: unknown; columns?: unknown };
  if (!isArray(keys) || !isArray(columns) || keys.length === 0 || columns.length !== keys.length) return false;
  if (!keys.every((key) => typeof key === 'string') || !isArray(columns[0])) return false;
  const { length } = columns[0];
  return length <= MOST_ROWS && columns.every((column) => isArray(column) && column.length === length);
}
