import { types } from 'node:util';
import { NotCloneableError } from '../errors/errors.js';
import { messageOf } from '../errors/thrown.js';
import { v8 } from '../threads/wire/v8.js';

/** Shared memory that was copied, by its copy: as long as the copy itself is at hand, so is what it was. */
const originals = new WeakMap<object, SharedArrayBuffer>();

/**
 * A copy of a job's value that survives `v8.serialize`, which takes less than a message to a thread does. Memory that is
 * shared is copied as it is now, into an ArrayBuffer: nobody else will have it where the bytes are read. Buffers that are
 * not shared, and what cannot change, are the value's own. Throws {@link NotCloneableError}, which names the path.
 */
export function portable(value: unknown, path: string): unknown {
  return new Copier(unshared, tried).copy(value, path);
}

/** What a {@link portable} value was made of, as far as it is still in this process: its shared memory is shared again. */
export function shared(value: unknown): unknown {
  return new Copier(
    (buffer) => originals.get(buffer) ?? buffer,
    (other) => other,
  ).copy(value, '');
}

/** Copies containers, and in them what the two functions give for buffers, and for what is neither plain nor a container. */
class Copier {
  readonly #copies = new Map<object, object>();

  constructor(
    private readonly bufferOf: (buffer: ArrayBufferLike, path: string) => ArrayBufferLike,
    private readonly otherOf: (other: object, path: string) => object,
  ) {}

  copy(value: unknown, path: string): unknown {
    if (typeof value === 'function' || typeof value === 'symbol') throw notPortable(path, `a ${typeof value}`);
    if (typeof value !== 'object' || value === null) return value;
    return this.#copies.get(value) ?? this.#copyOf(value, path);
  }

  #copyOf(value: object, path: string): object {
    const keep = <Copy extends object>(copy: Copy): Copy => {
      this.#copies.set(value, copy);
      return copy;
    };
    if (ArrayBuffer.isView(value)) return keep(this.#viewOf(value, path));
    if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return keep(this.bufferOf(value, path));
    if (value instanceof Map) {
      const copy = keep(new Map());
      for (const [key, item] of value) copy.set(this.copy(key, `${path} (a key)`), this.copy(item, `${path} (an entry)`));
      return copy;
    }
    if (value instanceof Set) {
      const copy = keep(new Set());
      for (const item of value) copy.add(this.copy(item, `${path} (a member)`));
      return copy;
    }
    const entries = Object.entries(value);
    if (Array.isArray(value)) {
      const copy = keep(new Array(value.length));
      for (const [index, item] of entries) copy[Number(index)] = this.copy(item, `${path}[${index}]`);
      return copy;
    }
    if (isOther(value, entries.length)) return keep(this.otherOf(value, path));
    const copy = keep({});
    for (const [key, item] of entries) {
      const own = this.copy(item, `${path}.${key}`);
      Object.defineProperty(copy, key, { value: own, enumerable: true, configurable: true, writable: true });
    }
    return copy;
  }

  #viewOf(view: ArrayBufferView, path: string): ArrayBufferView {
    const { buffer, byteOffset, byteLength } = view;
    const own = this.copy(buffer, path) as ArrayBufferLike;
    if (own === buffer) return view;
    if (view instanceof DataView) return new DataView(own, byteOffset, byteLength);
    const View = (Buffer.isBuffer(view) ? Uint8Array : view.constructor) as Uint8ArrayConstructor;
    return new View(own, byteOffset, (view as Uint8Array).length);
  }
}

/** What V8 keeps in its own way, such as a Date or an Error, and what only Node.js can clone, such as a key or a Blob. */
function isOther(object: object, keys: number): boolean {
  if (types.isNativeError(object) || types.isBoxedPrimitive(object)) return true;
  const prototype = Object.getPrototypeOf(object);
  return keys === 0 && prototype !== Object.prototype && prototype !== null;
}

function unshared(buffer: ArrayBufferLike, path: string): ArrayBufferLike {
  if (buffer instanceof SharedArrayBuffer) {
    const copy = new Uint8Array(buffer).slice().buffer;
    originals.set(copy, buffer);
    return copy;
  }
  try {
    new Uint8Array(buffer);
    return buffer;
  } catch {
    throw notPortable(path, 'a detached ArrayBuffer; it was transferred to a thread');
  }
}

function tried(value: object, path: string): object {
  try {
    v8().deserialize(v8().serialize(value));
    return value;
  } catch (error) {
    throw notPortable(path, messageOf(error));
  }
}

function notPortable(path: string, what: string): NotCloneableError {
  return new NotCloneableError(`${path} cannot be kept: ${what}`);
}
