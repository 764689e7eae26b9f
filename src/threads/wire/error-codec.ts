import * as ours from '../../errors.js';
import { pack } from '../../job/payload.js';
import type { Encoded, EncodedError } from './protocol.js';

/** Longest message or stack that is sent; a text of 200 MB would block both threads. */
const MAX_TEXT = 64 * 1024;
const MAX_DEPTH = 16;

type ErrorClass = { readonly name: string; readonly prototype: Error };
const BUILT_IN: ErrorClass[] = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError];
const CLASSES = new Map([...BUILT_IN, ...Object.values(ours).filter(isErrorClass)].map((one) => [one.name, one]));

function isErrorClass(value: unknown): value is ErrorClass {
  return typeof value === 'function' && value.prototype instanceof ours.ThreadmillError;
}

/** Makes whatever was thrown ready to cross to another thread. Never throws, whatever getters and proxies do. */
export function encodeThrown(thrown: unknown): Encoded {
  return encode(thrown, [], 'error');
}

function encode(thrown: unknown, parents: object[], path: string): Encoded {
  try {
    if (isError(thrown)) {
      if (parents.includes(thrown)) return { value: '[circular]' };
      if (parents.length > MAX_DEPTH) return { value: '[more causes]' };
      return { error: encodeError(thrown, [...parents, thrown], path) };
    }
    const value = cloneableOr(thrown, path);
    if (value === thrown || typeof thrown === 'object') return { value };
  } catch {
    // A proxy or a getter that throws: only its description can travel.
  }
  return { error: plainError(`a job threw ${describe(thrown)}, which is not an Error and cannot be cloned`) };
}

function plainError(message: string): EncodedError {
  return { type: 'Error', name: 'Error', message, stack: undefined, props: undefined, cause: undefined, errors: undefined };
}

function encodeError(error: Error, parents: object[], path: string): EncodedError {
  const { cause, errors } = error as { cause?: unknown; errors?: unknown };
  return {
    type: typeOf(error),
    name: text(() => error.name) ?? 'Error',
    message: text(() => error.message) ?? '',
    stack: text(() => error.stack),
    props: properties(error, path),
    cause: Object.hasOwn(error, 'cause') ? encode(cause, parents, `${path}.cause`) : undefined,
    errors: Array.isArray(errors) ? errors.map((one, index) => encode(one, parents, `${path}.errors[${index}]`)) : undefined,
  };
}

const HANDLED = new Set(['name', 'message', 'stack', 'cause', 'errors']);

function properties(error: Error, path: string): Record<string, unknown> | undefined {
  let props: Record<string, unknown> | undefined;
  for (const key of Object.keys(error)) {
    if (HANDLED.has(key) && !(key === 'errors' && !Array.isArray((error as { errors?: unknown }).errors))) continue;
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

/** Name of the class to build the error with on the other side: the nearest that is ours or built in. */
function typeOf(error: Error): string {
  if (error instanceof DOMException) return 'DOMException';
  for (let proto = Object.getPrototypeOf(error); proto !== null; proto = Object.getPrototypeOf(proto)) {
    const name = proto.constructor?.name;
    if (name !== undefined && CLASSES.get(name)?.prototype === proto) return name;
  }
  return 'Error';
}

function text(read: () => unknown): string | undefined {
  try {
    const value = read();
    if (value === undefined) return undefined;
    const string = String(value);
    return string.length > MAX_TEXT ? `${string.slice(0, MAX_TEXT)}… (${string.length} characters)` : string;
  } catch {
    return undefined;
  }
}

/** A short text for anything at all. */
function describe(value: unknown): string {
  if (typeof value === 'function') return `a function${value.name ? ` (${value.name})` : ''}`;
  return (typeof value === 'string' ? text(() => JSON.stringify(value)) : text(() => value)) ?? 'an object without a text';
}

/** What was thrown, built again: an error of the same class where it is built in or ours, else of the nearest built-in one. */
export function decodeThrown(encoded: Encoded): unknown {
  return 'error' in encoded ? decodeError(encoded.error) : encoded.value;
}

function decodeError(encoded: EncodedError): Error {
  const error = bare(encoded);
  hide(error, 'message', encoded.message);
  hide(error, 'stack', encoded.stack ?? `${encoded.name}: ${encoded.message}`);
  if (error.name !== encoded.name) hide(error, 'name', encoded.name);
  if (encoded.cause !== undefined) hide(error, 'cause', decodeThrown(encoded.cause));
  if (encoded.errors !== undefined) hide(error, 'errors', encoded.errors.map(decodeThrown));
  for (const [key, value] of Object.entries(encoded.props ?? {})) {
    Object.defineProperty(error, key, { value, writable: true, enumerable: true, configurable: true });
  }
  return error;
}

function bare({ type, message, name }: EncodedError): Error {
  if (type === 'DOMException') return new DOMException(message, name);
  // Constructors of ours want more than a message; all their fields are own properties, which are put back after this.
  return Object.setPrototypeOf(new Error(message), CLASSES.get(type)?.prototype ?? Error.prototype);
}

function hide(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, enumerable: false, configurable: true });
}
