/** Objects that a value may be made of: beyond that it is cheaper to serialize it than to look whether JSON would do. */
const MOST = 32;

// Taken now: in a thread, handlers may change the globals.
const { getPrototypeOf, hasOwn, is } = Object;
const { stringify } = JSON;
const { isArray } = Array;
const ObjectPrototype = Object.prototype;
const { isFinite: isFiniteNumber } = Number;

/**
 * A value as JSON, which costs a tenth of what V8's serializer does; `undefined` where that would change it: only small
 * trees of plain objects and arrays come back as they were.
 */
export function plainJson(value: unknown): string | undefined {
  return isPlain(value, []) ? stringify(value) : undefined;
}

function isPlain(value: unknown, seen: object[]): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return isFiniteNumber(value) && !is(value, -0);
    case 'object':
      return value === null || isPlainObject(value, seen);
    default:
      return false;
  }
}

function isPlainObject(object: object, seen: object[]): boolean {
  if (seen.length === MOST || seen.includes(object) || 'toJSON' in object) return false;
  seen[seen.length] = object;
  if (!isArray(object) && getPrototypeOf(object) !== ObjectPrototype) return false;
  let keys = 0;
  for (const key in object) {
    if (!hasOwn(object, key)) return false;
    if (!isPlain((object as Record<string, unknown>)[key], seen)) return false;
    keys++;
  }
  // No holes, and nothing beside its items: as many keys as items, and the last item there.
  return !isArray(object) || keys === object.length;
}
