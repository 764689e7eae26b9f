// Taken now: in a thread, handlers may change the globals.
const { fromEntries, getPrototypeOf, hasOwn } = Object;
const ObjectPrototype = Object.prototype;
const codeAt: (text: string, at: number) => number = Function.prototype.call.bind(String.prototype.charCodeAt);

/** What a value begins with: a number is followed by its eight bytes, a text by its length and its characters. */
const TAG = { NUMBER: 0, TEXT: 1, UNDEFINED: 2, NULL: 3, FALSE: 4, TRUE: 5 } as const;
const CONSTANTS: readonly unknown[] = [undefined, null, false, true];

/** The longest text. A longer one is written faster by others. */
const LONGEST = 64;
const LAST_ASCII = 0x7f;
const NUMBER_BYTES = 8;
/** Of a key's length, a tag, and a text's length. */
const MARKS = 3;

/**
 * Writes a plain object of numbers, constants and short ASCII texts, as most results are, which takes less time than its
 * JSON. Gives where it ends; -1 when it is none, or does not fit.
 */
export function writeFlat(value: unknown, { view, bytes }: { view: DataView; bytes: Uint8Array }, at: number): number {
  if (typeof value !== 'object' || value === null || getPrototypeOf(value) !== ObjectPrototype) return -1;
  let end = at;
  for (const key in value) {
    if (!hasOwn(value, key)) return -1;
    if (end + key.length + NUMBER_BYTES + MARKS > bytes.length) return -1;
    end = writeText(key, bytes, end);
    if (end === -1) return -1;
    const item = (value as Record<string, unknown>)[key];
    if (typeof item === 'number') {
      bytes[end] = TAG.NUMBER;
      view.setFloat64(end + 1, item);
      end += 1 + NUMBER_BYTES;
    } else if (typeof item === 'string') {
      if (end + item.length + MARKS > bytes.length) return -1;
      bytes[end] = TAG.TEXT;
      end = writeText(item, bytes, end + 1);
      if (end === -1) return -1;
    } else {
      const tag = tagOf(item);
      if (tag === undefined) return -1;
      bytes[end++] = tag;
    }
  }
  return end;
}

function writeText(text: string, bytes: Uint8Array, at: number): number {
  const { length } = text;
  if (length > LONGEST) return -1;
  bytes[at] = length;
  for (let index = 0; index < length; index++) {
    const code = codeAt(text, index);
    if (code > LAST_ASCII) return -1;
    bytes[at + 1 + index] = code;
  }
  return at + 1 + length;
}

function tagOf(value: unknown): number | undefined {
  if (value === undefined) return TAG.UNDEFINED;
  if (value === null) return TAG.NULL;
  if (typeof value === 'boolean') return value ? TAG.TRUE : TAG.FALSE;
  return undefined;
}

/** The object again. `bytes` are what {@link writeFlat} made of it, and nothing else; throws when they are not. */
export function readFlat(bytes: Buffer): unknown {
  const entries: [string, unknown][] = [];
  let at = 0;
  const text = () => {
    const start = at + 1;
    at = start + bytes.readUInt8(at);
    return bytes.toString('latin1', start, at);
  };
  while (at < bytes.length) {
    const key = text();
    const tag = bytes.readUInt8(at++);
    if (tag === TAG.TEXT) entries.push([key, text()]);
    else if (tag === TAG.NUMBER) {
      entries.push([key, bytes.readDoubleBE(at)]);
      at += NUMBER_BYTES;
    } else if (tag <= TAG.TRUE) entries.push([key, CONSTANTS[tag - TAG.UNDEFINED]]);
    else throw new RangeError(`a flat object has no tag ${tag}`);
  }
  return fromEntries(entries);
}
