import { types } from 'node:util';
import { NotCloneableError } from '../errors/errors.js';
import { messageOf, textOf } from '../errors/thrown.js';
import { isAtom, isDetached, isPlainView, uniform } from './views.js';

/** A value made ready to cross the thread boundary. */
export interface Payload {
  /** The value itself, or a copy where a view would have dragged its whole buffer along, or is of a class that does not arrive. */
  value: unknown;
  /** Estimate of what the copy in the other thread takes; SharedArrayBuffers are not counted, they are not copied. */
  bytes: number;
}

/**
 * Deepest nesting that is sent. Structured clone recurses, so whoever reads a message needs the stack for it, and an
 * overflow there is nobody's to answer for. Measured on Node.js 20 to 26: a main thread reads 1 560 levels of the worst
 * kind (sparse arrays; objects 1 600), a thread with `stackSizeMb: 1` 1 290, with the default of 4 MB 6 200.
 */
export const MAX_DEPTH = 1_000;

/**
 * Looks through a value that is to be structured-cloned: estimates its size, finds what cannot be cloned or would
 * arrive empty, and copies views that are smaller than their buffer (a small Buffer is a view on a pool of 8 to 64 KiB,
 * and the clone would carry all of it). Throws {@link NotCloneableError}, which names the path, such as
 * `input.onDone is a function`; nothing else, whatever the value's getters do. An estimate above `most` is a lower
 * bound: the rest was not looked at.
 */
export function pack(value: unknown, root: string, most = Number.POSITIVE_INFINITY): Payload {
  if (typeof value === 'string') return { value, bytes: value.length };
  if (typeof value === 'number' || typeof value === 'boolean' || value === undefined) return { value, bytes: NUMBER_BYTES };
  const flat = flatBytes(value);
  return flat === undefined ? new Walk(root, most).pack(value) : { value, bytes: flat };
}

// Taken now: in a thread, handlers may change the globals.
const { keys, hasOwn, getPrototypeOf, getOwnPropertyNames } = Object;
const { structuredClone, Set: PlainSet } = globalThis;
const { isArray } = Array;
const { isView } = ArrayBuffer;
const { apply } = Reflect;
const eachOfMap = Map.prototype.forEach;
const eachOfSet = Set.prototype.forEach;

const NUMBER_BYTES = 8;
const OBJECT_BYTES = 16;

/**
 * The bytes of a plain object without objects in it, which needs no walk: most inputs and results are flat. Of anything
 * else nothing, nor of one that throws: the walk says where.
 */
function flatBytes(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null || types.isProxy(value) || getPrototypeOf(value) !== Object.prototype) return undefined;
  let bytes = OBJECT_BYTES;
  try {
    for (const key in value) {
      if (!hasOwn(value, key)) continue;
      const item = (value as Record<string, unknown>)[key];
      if (typeof item === 'string') bytes += item.length;
      else if (typeof item === 'number' || typeof item === 'boolean' || item === undefined || item === null) bytes += NUMBER_BYTES;
      else return undefined;
      bytes += key.length;
    }
  } catch {
    return undefined;
  }
  return bytes;
}

/** One step of a path: a property, an index, or the text of another. */
type Step = string | number | (() => string);

const A_KEY = () => ' (a key)';
const A_MEMBER = () => ' (a member)';

class Walk {
  readonly #root: string;
  readonly #most: number;
  #bytes = 0;
  #hasOddViews = false;
  #refusal: NotCloneableError | undefined;
  /** The way to the container that is looked at; its length is the depth. */
  readonly #way: (Step | undefined)[] = [];
  #depth = 0;
  /** What is looked at in that container. */
  #step: Step | undefined;
  readonly #seen = new PlainSet<object>();

  constructor(root: string, most: number) {
    this.#root = root;
    this.#most = most;
  }

  pack(value: unknown): Payload {
    try {
      this.#visit(value);
      return { value: this.#hasOddViews && !this.#isOver ? uniform(value) : value, bytes: this.#bytes };
    } catch (error) {
      // Whatever a getter, or a prototype that is a Proxy, throws; or the stack of who called is nearly full.
      throw error !== undefined && error === this.#refusal
        ? error
        : this.#refuse(`a value that cannot be read: ${messageOf(error)}`, error);
    }
  }

  get #isOver(): boolean {
    return this.#bytes > this.#most;
  }

  /** Looks at what stands at the {@link #step}. */
  #visit(value: unknown): void {
    switch (typeof value) {
      case 'string':
        this.#bytes += value.length;
        return;
      case 'object':
        if (value === null) this.#bytes += NUMBER_BYTES;
        else if (!this.#seen.has(value)) this.#enter(value);
        return;
      case 'function':
      case 'symbol':
        throw this.#refuse(`a ${typeof value}`);
      default:
        this.#bytes += NUMBER_BYTES;
    }
  }

  #visitAt(step: Step, value: unknown): void {
    this.#step = step;
    this.#visit(value);
  }

  #enter(object: object): void {
    this.#seen.add(object);
    this.#bytes += OBJECT_BYTES;
    if (this.#depth === MAX_DEPTH) throw this.#refuse(`nested more than ${MAX_DEPTH} levels deep; flatten it`);
    this.#way[this.#depth++] = this.#step;
    this.#step = undefined;
    this.#object(object);
    this.#depth--;
  }

  #object(object: object): void {
    if (types.isProxy(object)) throw this.#refuse('a Proxy');
    const prototype = getPrototypeOf(object);
    if (prototype === Object.prototype || prototype === null) this.#properties(object);
    else if (isArray(object)) this.#items(object);
    else if (isView(object)) this.#view(object);
    else if (types.isMap(object)) {
      apply(eachOfMap, object, [
        (value: unknown, key: unknown) => {
          this.#visitAt(A_KEY, key);
          this.#visitAt(() => `.get(${textOf(key)})`, value);
        },
      ]);
    } else if (types.isSet(object)) apply(eachOfSet, object, [(value: unknown) => this.#visitAt(A_MEMBER, value)]);
    else if (types.isNativeError(object)) this.#error(object);
    else if (types.isArrayBuffer(object)) this.#buffer(object);
    else if (types.isPromise(object)) throw this.#refuse('a Promise; await it first');
    else if (isAtom(object)) this.#bytes += OBJECT_BYTES;
    else this.#instance(object);
  }

  #properties(object: object): void {
    // No array of keys for every input; what a prototype adds is not sent.
    for (const key in object) {
      if (!hasOwn(object, key)) continue;
      this.#bytes += key.length;
      this.#step = key;
      this.#visit((object as Record<string, unknown>)[key]);
      if (this.#isOver) return;
    }
  }

  #items(array: unknown[]): void {
    // An array may claim four thousand million items without having one.
    for (let index = 0; index < array.length && this.#bytes <= this.#most; index++) {
      this.#step = index;
      const item = array[index];
      if (typeof item === 'number') this.#bytes += NUMBER_BYTES;
      else this.#visit(item);
    }
  }

  /** Own properties of errors do not arrive; their cause does. */
  #error(error: Error): void {
    this.#bytes += textOf(error.message).length + textOf(error.stack).length;
    if (hasOwn(error, 'cause')) this.#visitAt('cause', error.cause);
  }

  #view(view: ArrayBufferView): void {
    const { buffer } = view;
    // First: a view of a detached buffer may not even have a length.
    if (!types.isSharedArrayBuffer(buffer)) this.#buffer(buffer as ArrayBuffer, view);
    if (!isPlainView(view)) this.#hasOddViews = true;
  }

  #buffer(buffer: ArrayBuffer, sent: ArrayBuffer | ArrayBufferView = buffer): void {
    if (isDetached(buffer)) throw this.#refuse('a detached ArrayBuffer; it was transferred before');
    this.#bytes += sent.byteLength;
  }

  /** An instance of a class arrives as a plain object with its own properties; one that keeps all in private fields would arrive empty. */
  #instance(object: object): void {
    if (keys(object).length > 0) return this.#properties(object);
    let copy: object;
    try {
      copy = structuredClone(object);
    } catch (error) {
      throw this.#refuse(kindOf(object), error);
    }
    if (getPrototypeOf(copy) === Object.prototype && (isOpaque(object) || isIterator(object))) {
      throw this.#refuse(isIterator(object) ? kindOf(object) : `${kindOf(object)}, which would arrive as {}; send its text or its fields`);
    }
  }

  #refuse(what: string, cause?: unknown): NotCloneableError {
    this.#refusal = new NotCloneableError(`${this.#path} is ${what}: it cannot be sent to another thread`, { cause });
    return this.#refusal;
  }

  get #path(): string {
    const steps = [...this.#way.slice(0, this.#depth), this.#step].filter((step) => step !== undefined);
    if (steps.length > 30) steps.splice(10, steps.length - 20, () => '…');
    return steps.reduce<string>((path, step) => path + textOfStep(step), this.#root);
  }
}

function textOfStep(step: Step): string {
  if (typeof step === 'function') return step();
  if (typeof step === 'number') return `[${step}]`;
  return /^[A-Za-z_$][\w$]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
}

/** An object whose class has accessors or methods of its own, but which shows no property: its state is private. */
function isOpaque(object: object): boolean {
  const prototype = getPrototypeOf(object);
  return getPrototypeOf(prototype) !== null && getOwnPropertyNames(prototype).length > 1;
}

function isIterator(object: object): boolean {
  return typeof (object as Iterator<unknown>).next === 'function';
}

/** An object that cannot be cloned, in words. */
function kindOf(object: object): string {
  if (types.isGeneratorObject(object)) return 'a generator object: collect what it yields, or use map';
  if (isIterator(object)) return 'an iterator: collect what it gives, or use map';
  const name = object.constructor?.name;
  return `an instance of ${typeof name === 'string' && name !== '' ? name : 'a class without a name'}`;
}
