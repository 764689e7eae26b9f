import { types } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { NotCloneableError } from '../errors.js';
import { messageOf } from '../thrown.js';

/**
 * A copy of a job's value that survives `v8.serialize`, which takes less than a message to a thread does. Memory that is
 * shared is copied as it is now, into an ArrayBuffer: nobody else will have it where the copy is read. Buffers that are
 * not shared, and what cannot change, are the value's own. Throws {@link NotCloneableError}, which names the path.
 */
export function portable(value: unknown, path: string, copies = new Map<object, object>()): unknown {
  if (typeof value === 'function' || typeof value === 'symbol') throw notPortable(path, `a ${typeof value}`);
  if (typeof value !== 'object' || value === null) return value;
  return copies.get(value) ?? copyOf(value, path, copies);
}

function copyOf(value: object, path: string, copies: Map<object, object>): object {
  const keep = <Copy extends object>(copy: Copy): Copy => {
    copies.set(value, copy);
    return copy;
  };
  if (ArrayBuffer.isView(value)) return keep(viewOf(value, path, copies));
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return keep(bufferOf(value, path));
  if (value instanceof Map) {
    const copy = keep(new Map());
    for (const [key, item] of value) copy.set(portable(key, `${path} (a key)`, copies), portable(item, `${path} (an entry)`, copies));
    return copy;
  }
  if (value instanceof Set) {
    const copy = keep(new Set());
    for (const item of value) copy.add(portable(item, `${path} (a member)`, copies));
    return copy;
  }
  const entries = Object.entries(value);
  if (Array.isArray(value)) {
    const copy = keep(new Array(value.length));
    for (const [index, item] of entries) copy[Number(index)] = portable(item, `${path}[${index}]`, copies);
    return copy;
  }
  if ((entries.length === 0 && !isPlain(value)) || types.isNativeError(value) || types.isBoxedPrimitive(value))
    return keep(tried(value, path));
  const copy = keep({});
  for (const [key, item] of entries) {
    const own = portable(item, `${path}.${key}`, copies);
    Object.defineProperty(copy, key, { value: own, enumerable: true, configurable: true, writable: true });
  }
  return copy;
}

function isPlain(object: object): boolean {
  const prototype = Object.getPrototypeOf(object);
  return prototype === Object.prototype || prototype === null;
}

function viewOf(view: ArrayBufferView, path: string, copies: Map<object, object>): ArrayBufferView {
  const { buffer, byteOffset, byteLength } = view;
  const own = portable(buffer, path, copies) as ArrayBuffer;
  if (own === buffer) return view;
  if (view instanceof DataView) return new DataView(own, byteOffset, byteLength);
  const View = (Buffer.isBuffer(view) ? Uint8Array : view.constructor) as Uint8ArrayConstructor;
  return new View(own, byteOffset, (view as Uint8Array).length);
}

function bufferOf(buffer: ArrayBuffer | SharedArrayBuffer, path: string): ArrayBuffer {
  if (buffer instanceof SharedArrayBuffer) return new Uint8Array(buffer).slice().buffer;
  try {
    new Uint8Array(buffer);
    return buffer;
  } catch {
    throw notPortable(path, 'a detached ArrayBuffer; it was transferred to a thread');
  }
}

/** What V8 may keep in its own way, such as a Date or an Error, and what only Node.js can clone, such as a key or a Blob. */
function tried(value: object, path: string): object {
  try {
    deserialize(serialize(value));
    return value;
  } catch (error) {
    throw notPortable(path, messageOf(error));
  }
}

function notPortable(path: string, what: string): NotCloneableError {
  return new NotCloneableError(`${path} cannot be kept: ${what}`);
}
