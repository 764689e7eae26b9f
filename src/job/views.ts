import { types } from 'node:util';

// Taken now: in a thread, handlers may change the globals.
const { keys, getPrototypeOf, defineProperty } = Object;
const { Map: PlainMap, Set: PlainSet, DataView: PlainDataView } = globalThis;
const { isArray } = Array;
const { isView } = ArrayBuffer;
const { apply } = Reflect;
const eachOfMap = Map.prototype.forEach;
const eachOfSet = Set.prototype.forEach;

type ViewClass = new (buffer: ArrayBufferLike, byteOffset?: number, length?: number) => ArrayBufferView;

/** The classes of typed arrays by their names; Float16Array is not on every Node.js. */
const TYPED = new PlainMap<unknown, ViewClass>();
const TypedArray = getPrototypeOf(Uint8Array);
for (const name of Object.getOwnPropertyNames(globalThis)) {
  const value: unknown = name.endsWith('Array') && (globalThis as Record<string, unknown>)[name];
  if (typeof value === 'function' && getPrototypeOf(value) === TypedArray) TYPED.set(name, value as ViewClass);
}
/** The name of a typed array's class, whatever its own class is and says. */
const nameOf = Object.getOwnPropertyDescriptor(TypedArray.prototype, Symbol.toStringTag)?.get as () => string;

/** The class a view arrives as: a Buffer as a Uint8Array. */
function classOf(view: ArrayBufferView): ViewClass {
  return TYPED.get(apply(nameOf, view, [])) ?? PlainDataView;
}

/** Whether a view arrives as it is: it has all of its buffer, and a class of the language's own. */
export function isPlainView(view: ArrayBufferView): boolean {
  return getPrototypeOf(view) === classOf(view).prototype && hasItsBuffer(view);
}

function hasItsBuffer({ buffer, byteLength }: ArrayBufferView): boolean {
  return byteLength === buffer.byteLength || types.isSharedArrayBuffer(buffer);
}

/**
 * The value with its views as they arrive in another thread, so that equal inputs are equal, and no view drags along
 * what is not its own: those that were not {@link isPlainView} are made anew, and the containers that hold them.
 */
export function uniform(value: unknown): unknown {
  return made(value, new PlainMap());
}

function made(value: unknown, copies: Map<object, unknown>): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return copies.get(value) ?? copyOf(value, copies);
}

function copyOf(value: object, copies: Map<object, unknown>): unknown {
  const keep = <Copy extends object>(copy: Copy): Copy => {
    copies.set(value, copy);
    return copy;
  };
  if (isView(value)) return keep(plainView(value));
  if (isArray(value)) {
    const copy = keep<unknown[]>([]);
    for (let index = 0; index < value.length; index++) copy[index] = made(value[index], copies);
    return copy;
  }
  if (types.isMap(value)) {
    const copy = keep(new PlainMap());
    apply(eachOfMap, value, [(item: unknown, key: unknown) => copy.set(made(key, copies), made(item, copies))]);
    return copy;
  }
  if (types.isSet(value)) {
    const copy = keep(new PlainSet());
    apply(eachOfSet, value, [(item: unknown) => copy.add(made(item, copies))]);
    return copy;
  }
  const names = keys(value);
  if (names.length === 0 || isAtom(value)) return value;
  const copy = keep<Record<string, unknown>>({});
  for (const name of names) {
    const item = made((value as Record<string, unknown>)[name], copies);
    if (name === '__proto__') defineProperty(copy, name, { value: item, writable: true, enumerable: true, configurable: true });
    else copy[name] = item;
  }
  return copy;
}

/** What crosses as one piece. */
export function isAtom(value: object): boolean {
  const { isDate, isRegExp, isBoxedPrimitive, isAnyArrayBuffer, isNativeError } = types;
  return isDate(value) || isRegExp(value) || isBoxedPrimitive(value) || isAnyArrayBuffer(value) || isNativeError(value);
}

function plainView(view: ArrayBufferView): ArrayBufferView {
  if (isPlainView(view)) return view;
  const View = classOf(view);
  const { buffer, byteOffset, byteLength } = view;
  if (!hasItsBuffer(view)) return new View((buffer as ArrayBuffer).slice(byteOffset, byteOffset + byteLength));
  const { BYTES_PER_ELEMENT = 1 } = View as { BYTES_PER_ELEMENT?: number };
  return new View(buffer, byteOffset, byteLength / BYTES_PER_ELEMENT);
}

/** Whether a buffer was transferred: a view on it cannot be made. (`ArrayBuffer#detached` is not there before Node.js 21.) */
export function isDetached(buffer: ArrayBuffer): boolean {
  if (buffer.byteLength > 0) return false;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}
