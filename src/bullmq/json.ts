import { types } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import type { Codec } from '../index.js';

/** What of a value JSON would change, by its path and what it is there: `input.at is a Date`; `undefined` where it changes nothing. */
export function changedByJson(value: unknown, path: string): string | undefined {
  return look(value, path, []);
}

function look(value: unknown, path: string, parents: readonly object[]): string | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? undefined : `${path} is ${Object.is(value, -0) ? '-0' : value}`;
    case 'object':
      return value === null ? undefined : lookInto(value, path, parents);
    case 'undefined':
      return `${path} is undefined`;
    default:
      return `${path} is a ${typeof value}`;
  }
}

function lookInto(object: object, path: string, parents: readonly object[]): string | undefined {
  if (parents.includes(object)) return `${path} is a circle: it holds itself`;
  const kind = kindOf(object);
  if (kind !== undefined) return `${path} is a ${kind}`;
  const within = [...parents, object];
  const keys = Object.keys(object);
  if (
    Array.isArray(object) &&
    (keys.length !== object.length || keys.at(-1) !== String(object.length - 1)) &&
    object.length + keys.length > 0
  ) {
    return `${path} is an array with holes, or with more than its items`;
  }
  for (const key of keys) {
    const inside = Array.isArray(object) ? `${path}[${key}]` : `${path}.${key}`;
    const found = look((object as Record<string, unknown>)[key], inside, within);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The kind of an object that is more than its keys; `undefined` for a plain one. */
function kindOf(object: object): string | undefined {
  const { isDate, isMap, isSet, isRegExp, isAnyArrayBuffer, isNativeError, isBoxedPrimitive } = types;
  const is = [isDate, isMap, isSet, isRegExp, isAnyArrayBuffer, isNativeError, isBoxedPrimitive, ArrayBuffer.isView];
  const name = () => Object.getPrototypeOf(object)?.constructor?.name || 'special object';
  if (is.some((one) => one(object))) return name();
  if (typeof (object as { toJSON?: unknown }).toJSON === 'function') return `${name()} with a toJSON`;
  if (Array.isArray(object)) return undefined;
  const prototype = Object.getPrototypeOf(object);
  // Such as a key or a Blob: what it is does not lie in its keys.
  return prototype !== Object.prototype && prototype !== null && Object.keys(object).length === 0 ? name() : undefined;
}

/** A value as it stands in Redis: as JSON where that changes nothing, and readable then; nothing at all for `undefined`. */
export interface Stored {
  json?: unknown;
  /** As the definition's codec made it. */
  codec?: unknown;
  /** As V8 serializes it, in base64. */
  v8?: string;
}

/** Never changes a value. Throws what the codec throws, or what cannot be cloned. */
export function store(value: unknown, codec?: Codec): Stored {
  if (value === undefined) return {};
  if (codec !== undefined) return { codec: codec.serialize(value) };
  return changedByJson(value, '') === undefined ? { json: value } : { v8: packV8(value) };
}

/** The value again. One that needs a codec which is not known here is given as it stands. */
export function unstore(stored: Stored | undefined, codec?: Codec): unknown {
  if (stored?.v8 !== undefined) return unpackV8(stored.v8);
  if (stored?.codec !== undefined) return codec === undefined ? stored.codec : codec.deserialize(stored.codec);
  return stored?.json;
}

/** Any value that can be cloned, as text. */
export function packV8(value: unknown): string {
  return serialize(value).toString('base64');
}

/** A newer Node.js may have written what this one cannot read: then a text that says so. */
export function unpackV8(text: string): unknown {
  try {
    return deserialize(Buffer.from(text, 'base64'));
  } catch (error) {
    return `[a value that this Node.js cannot read: ${(error as Error).message}]`;
  }
}
