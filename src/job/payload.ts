import { types } from 'node:util';
import { NotCloneableError } from '../errors.js';
import { textOf } from '../thrown.js';

/** A value made ready to cross the thread boundary. */
export interface Payload {
  /** The value itself, or a copy where a small view would have dragged its whole buffer along. */
  value: unknown;
  /** Estimate of what the copy in the other thread takes; SharedArrayBuffers are not counted, they are not copied. */
  bytes: number;
}

/**
 * Looks through a value that is to be structured-cloned: estimates its size, finds what cannot be cloned or would
 * arrive empty, and copies views that are smaller than their buffer (a small Buffer is a view on a pool of 8 to 64 KiB,
 * and the clone would carry all of it). Throws {@link NotCloneableError}, which names the path, such as
 * `input.onDone is a function`.
 */
export function pack(value: unknown, root: string): Payload {
  if (typeof value === 'string') return { value, bytes: value.length };
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined) return { value, bytes: NUMBER_BYTES };
  const flat = flatBytes(value);
  if (flat !== undefined) return { value, bytes: flat };
  const walk = new Walk();
  walk.visit(value, root, '');
  return { value: walk.looseViews ? tighten(value, new Map()) : value, bytes: walk.bytes };
}

// Taken now: in a thread, handlers may change the globals.
const { keys, hasOwn, getPrototypeOf, getOwnPropertyNames } = Object;
const PlainMap = Map;
const PlainSet = Set;

const NUMBER_BYTES = 8;
const OBJECT_BYTES = 16;

/** The bytes of a plain object without objects in it, which needs no walk: most inputs and results are flat. Of anything else nothing. */
function flatBytes(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null || types.isProxy(value) || getPrototypeOf(value) !== Object.prototype) return undefined;
  let bytes = OBJECT_BYTES;
  for (const key in value) {
    if (!hasOwn(value, key)) continue;
    const item = (value as Record<string, unknown>)[key];
    if (typeof item === 'string') bytes += item.length;
    else if (typeof item === 'number' || typeof item === 'boolean') bytes += NUMBER_BYTES;
    else return undefined;
    bytes += key.length;
  }
  return bytes;
}

class Walk {
  bytes = 0;
  looseViews = false;
  #outermost: object | undefined;
  /** The objects inside it. Made only when there are any: most inputs are flat. */
  #seen: Set<object> | undefined;

  visit(value: unknown, path: string, key: string | number): void {
    switch (typeof value) {
      case 'string':
        this.bytes += value.length;
        return;
      case 'object':
        if (value !== null) this.#object(value, key === '' ? path : join(path, key));
        return;
      case 'function':
      case 'symbol':
        throw notCloneable(key === '' ? path : join(path, key), `a ${typeof value}`);
      default:
        this.bytes += NUMBER_BYTES;
    }
  }

  #object(object: object, path: string): void {
    if (this.#outermost === undefined) this.#outermost = object;
    else if (this.#wasSeen(object)) return;
    this.bytes += OBJECT_BYTES;
    if (types.isProxy(object)) throw notCloneable(path, 'a Proxy');
    const prototype = getPrototypeOf(object);
    if (prototype === Object.prototype || prototype === null) this.#properties(object, path);
    else if (Array.isArray(object)) this.#items(object, path);
    else this.#special(object, path);
  }

  #wasSeen(object: object): boolean {
    if (object === this.#outermost || this.#seen?.has(object)) return true;
    this.#seen ??= new PlainSet<object>();
    this.#seen.add(object);
    return false;
  }

  #properties(object: object, path: string): void {
    // No array of keys for every input; what a prototype adds is not sent.
    for (const key in object) {
      if (!hasOwn(object, key)) continue;
      this.bytes += key.length;
      this.visit((object as Record<string, unknown>)[key], path, key);
    }
  }

  #items(array: unknown[], path: string): void {
    for (let index = 0; index < array.length; index++) this.visit(array[index], path, index);
  }

  #special(object: object, path: string): void {
    if (ArrayBuffer.isView(object)) this.#view(object, path);
    else if (object instanceof ArrayBuffer) this.#buffer(object, path);
    else if (object instanceof SharedArrayBuffer) return;
    else if (object instanceof PlainMap) {
      for (const [key, value] of object) {
        this.visit(key, `${path} (a key)`, '');
        this.visit(value, `${path}.get(${textOf(key)})`, '');
      }
    } else if (object instanceof PlainSet) {
      for (const value of object) this.visit(value, `${path} (a member)`, '');
    } else if (types.isPromise(object)) throw notCloneable(path, 'a Promise; await it first');
    else if (object instanceof Date || object instanceof RegExp || object instanceof Error || types.isBoxedPrimitive(object)) {
      this.bytes += OBJECT_BYTES;
    } else this.#instance(object, path);
  }

  #view(view: ArrayBufferView, path: string): void {
    if (view.buffer instanceof SharedArrayBuffer) return;
    this.#buffer(view.buffer, path);
    this.bytes += view.byteLength - view.buffer.byteLength;
    if (view.byteLength < view.buffer.byteLength) this.looseViews = true;
  }

  #buffer(buffer: ArrayBuffer, path: string): void {
    if (isDetached(buffer)) throw notCloneable(path, 'a detached ArrayBuffer; it was transferred before');
    this.bytes += buffer.byteLength;
  }

  /** An instance of a class arrives as a plain object with its own properties; one that keeps all in private fields would arrive empty. */
  #instance(object: object, path: string): void {
    if (keys(object).length > 0) return this.#properties(object, path);
    const name = object.constructor?.name ?? 'a class without a name';
    let copy: object;
    try {
      copy = structuredClone(object);
    } catch (error) {
      throw notCloneable(path, `an instance of ${name}`, error);
    }
    if (getPrototypeOf(copy) === Object.prototype && name !== 'Object' && isOpaque(object)) {
      throw notCloneable(path, `an instance of ${name}, which would arrive as {}; send its text or its fields`);
    }
  }
}

/** An object whose class has accessors or methods of its own, but which shows no property: its state is private. */
function isOpaque(object: object): boolean {
  return getOwnPropertyNames(getPrototypeOf(object)).length > 1;
}

/** `ArrayBuffer#detached` is not there before Node.js 21. */
function isDetached(buffer: ArrayBuffer): boolean {
  if (buffer.byteLength > 0) return false;
  try {
    return new Uint8Array(buffer).length > 0;
  } catch {
    return true;
  }
}

function join(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

function notCloneable(path: string, what: string, cause?: unknown): NotCloneableError {
  return new NotCloneableError(`${path} is ${what}: it cannot be sent to another thread`, { cause });
}

/** Copies containers on the way to views that are smaller than their buffer, and those views; leaves the rest shared. */
function tighten(value: unknown, copies: Map<object, unknown>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const known = copies.get(value);
  if (known !== undefined) return known;
  if (ArrayBuffer.isView(value)) return tightView(value);
  const keep = <Copy extends object>(copy: Copy): Copy => {
    copies.set(value, copy);
    return copy;
  };
  if (Array.isArray(value)) {
    const copy = keep<unknown[]>([]);
    for (const item of value) copy.push(tighten(item, copies));
    return copy;
  }
  if (value instanceof PlainMap) {
    const copy = keep(new PlainMap());
    for (const [key, item] of value) copy.set(tighten(key, copies), tighten(item, copies));
    return copy;
  }
  if (value instanceof PlainSet) {
    const copy = keep(new PlainSet());
    for (const item of value) copy.add(tighten(item, copies));
    return copy;
  }
  const prototype = getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const copy = keep(Object.create(null));
  for (const [key, item] of Object.entries(value)) copy[key] = tighten(item, copies);
  return copy;
}

function tightView(view: ArrayBufferView): ArrayBufferView {
  const { buffer, byteOffset, byteLength } = view;
  if (buffer instanceof SharedArrayBuffer || byteLength === buffer.byteLength) return view;
  const own = buffer.slice(byteOffset, byteOffset + byteLength);
  if (view instanceof DataView) return new DataView(own);
  const View = (Buffer.isBuffer(view) ? Uint8Array : view.constructor) as new (buffer: ArrayBufferLike) => ArrayBufferView;
  return new View(own);
}
