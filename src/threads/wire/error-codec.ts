import { errorClass, isThreadmillError } from '../../errors/errors.js';
import { textOf } from '../../errors/thrown.js';
import { pack } from '../../job/payload.js';
import type { Encoded, EncodedError } from './protocol.js';

/** Longest message or stack that is sent; a text of 200 MB would block both threads. */
const MAX_TEXT = 64 * 1024;
/** Longest chain of causes. */
const MAX_DEPTH = 16;
/** Most errors that one may have as causes and parts: those that share parts would multiply. */
const MAX_ERRORS = 1_000;
/** In the place of what is left out. */
const MORE = '[more errors]';

type ErrorClass = { readonly name: string; readonly prototype: Error };
const BUILT_IN: ErrorClass[] = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError];
const CLASSES = new Map<unknown, ErrorClass>(BUILT_IN.map((one) => [one.name, one]));

/** Makes whatever was thrown ready to cross to another thread. Never throws, whatever getters and proxies do. */
export function encodeThrown(thrown: unknown): Encoded {
  return new Encoding().encode(thrown, [], 'error');
}

class Encoding {
  #left = MAX_ERRORS;

  encode(thrown: unknown, parents: readonly object[], path: string): Encoded {
    try {
      if (isError(thrown)) {
        if (parents.includes(thrown)) return { value: '[circular]' };
        if (parents.length > MAX_DEPTH || this.#left-- <= 0) return { value: MORE };
        return { error: this.#error(thrown, [...parents, thrown], path) };
      }
      const value = cloneableOr(thrown, path);
      if (value === thrown || typeof thrown === 'object') return { value };
    } catch {
      // A proxy or a getter that throws: only its description can travel.
    }
    return { error: plainError(`a job threw ${describe(thrown)}, which is not an Error and cannot be cloned`) };
  }

  #error(error: Error, parents: readonly object[], path: string): EncodedError {
    const errors = tryRead(() => own(error, 'errors'));
    return {
      type: typeOf(error),
      name: text(() => error.name) ?? 'Error',
      message: text(() => error.message) ?? '',
      stack: text(() => error.stack),
      props: properties(error, path),
      cause: Object.hasOwn(error, 'cause')
        ? this.encode(
            tryRead(() => error.cause),
            parents,
            `${path}.cause`,
          )
        : undefined,
      errors: Array.isArray(errors) ? this.#parts(errors, parents, path) : undefined,
    };
  }

  #parts(errors: readonly unknown[], parents: readonly object[], path: string): Encoded[] {
    const parts: Encoded[] = [];
    for (let at = 0; at < errors.length && this.#left > 0; at++) parts[at] = this.encode(errors[at], parents, `${path}.errors[${at}]`);
    if (parts.length < errors.length) parts[parts.length] = { value: MORE };
    return parts;
  }
}

function plainError(message: string): EncodedError {
  return { type: 'Error', name: 'Error', message, stack: undefined, props: undefined, cause: undefined, errors: undefined };
}

const HANDLED = new Set(['name', 'message', 'stack', 'cause', 'errors']);

function properties(error: Error, path: string): Record<string, unknown> | undefined {
  let props: Record<string, unknown> | undefined;
  for (const key of Object.keys(error)) {
    if (HANDLED.has(key) && !(key === 'errors' && !Array.isArray(tryRead(() => (error as { errors?: unknown }).errors)))) continue;
    props ??= Object.create(null) as Record<string, unknown>;
    props[key] = property(error, key, `${path}.${key}`);
  }
  return props;
}

function property(error: object, key: string, path: string): unknown {
  try {
    return cloneableOr((error as Record<string, unknown>)[key], path);
  } catch (thrown) {
    return `[getter threw ${describe(thrown)}]`;
  }
}

/** The value, when it can be cloned; else a text that says which part of it cannot. */
function cloneableOr(value: unknown, path: string): unknown {
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'function' || typeof value === 'symbol' ? describe(value) : value;
  }
  try {
    const packed = pack(value, path).value;
    structuredClone(packed);
    return packed;
  } catch (error) {
    return `[${text(() => (error as Error).message) ?? 'not cloneable'}]`;
  }
}

function isError(value: unknown): value is Error {
  try {
    return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
  } catch {
    return false;
  }
}

/** What to build the error with on the other side: the code of one of ours, of whichever copy, or the nearest built-in class. */
function typeOf(error: Error): string {
  return (
    tryRead(() => {
      if (error instanceof DOMException) return 'DOMException';
      if (isThreadmillError(error) && errorClass(error.code) !== undefined) return error.code;
      for (let proto = Object.getPrototypeOf(error); proto !== null; proto = Object.getPrototypeOf(proto)) {
        const name = proto.constructor?.name;
        if (CLASSES.get(name)?.prototype === proto) return name as string;
      }
      return 'Error';
    }) ?? 'Error'
  );
}

/** What a getter gives; nothing when it throws. */
function tryRead<Value>(get: () => Value): Value | undefined {
  try {
    return get();
  } catch {
    return undefined;
  }
}

function text(get: () => unknown): string | undefined {
  const string = tryRead(() => {
    const value = get();
    return value === undefined ? undefined : String(value);
  });
  return string !== undefined && string.length > MAX_TEXT ? `${string.slice(0, MAX_TEXT)}… (${string.length} characters)` : string;
}

/** A short text for anything at all. */
function describe(value: unknown): string {
  if (typeof value === 'function') return `a function${text(() => value.name && ` (${value.name})`) ?? ''}`;
  return (typeof value === 'string' ? text(() => JSON.stringify(value)) : text(() => value)) ?? 'an object without a text';
}

/**
 * What was thrown, built again: an error of the same class where it is built in or ours, else of the nearest built-in one.
 * Never throws: the thread that encoded it may have been broken by its job, so every part is looked at before it is used.
 */
export function decodeThrown(encoded: unknown): unknown {
  return new Decoding().decode(encoded, 0);
}

class Decoding {
  #left = 2 * MAX_ERRORS;

  decode(encoded: unknown, depth: number): unknown {
    // Deeper, or more, than we encode: a circle.
    if (depth > MAX_DEPTH + 1 || this.#left-- <= 0) return MORE;
    const error = own(encoded, 'error');
    if (isObject(error)) return tryRead(() => this.#error(error, depth + 1)) ?? unreadable();
    return isObject(encoded) && Object.hasOwn(encoded, 'value') ? own(encoded, 'value') : unreadable();
  }

  #error(encoded: object, depth: number): Error {
    const name = stringOr(own(encoded, 'name'), 'Error');
    const message = stringOr(own(encoded, 'message'), '');
    const error = bare(own(encoded, 'type'), message, name);
    define(error, 'message', message, false);
    define(error, 'stack', stringOr(own(encoded, 'stack'), `${name}: ${message}`), false);
    if (error.name !== name) define(error, 'name', name, false);
    const cause = own(encoded, 'cause');
    if (cause !== undefined) define(error, 'cause', this.decode(cause, depth), false);
    const errors = own(encoded, 'errors');
    if (Array.isArray(errors)) define(error, 'errors', this.#parts(errors, depth), false);
    const props = own(encoded, 'props');
    if (isObject(props)) for (const key of Object.keys(props)) define(error, key, own(props, key), true);
    return error;
  }

  #parts(errors: readonly unknown[], depth: number): unknown[] {
    const parts: unknown[] = [];
    for (let at = 0; at < errors.length && this.#left > 0; at++) parts[at] = this.decode(errors[at], depth);
    return parts;
  }
}

function unreadable(): Error {
  return new Error('a job failed, but what its thread said of it cannot be read: it may have changed the objects of the language');
}

function bare(type: unknown, message: string, name: string): Error {
  if (type === 'DOMException') return new DOMException(message, name);
  // Constructors of ours want more than a message; all their fields are own properties, which are put back after this.
  const { prototype } = errorClass(type) ?? CLASSES.get(type) ?? Error;
  return Object.setPrototypeOf(new Error(message), prototype);
}

/** Defines a property whatever has become of `Object.prototype`. */
function define(error: Error, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, key, { __proto__: null, value, writable: true, enumerable, configurable: true } as PropertyDescriptor);
}

function own(value: unknown, key: string): unknown {
  return isObject(value) && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function stringOr(value: unknown, otherwise: string): string {
  return value === undefined ? otherwise : textOf(value);
}
