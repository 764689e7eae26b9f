import { inspect } from 'node:util';
import { OptionsError } from '../errors/errors.js';

/** Says that a value is not what was expected; `path` leads to it from the option. */
export type Refuse = (expected: string, path?: string[], given?: unknown) => void;

/**
 * Gives a value as it is taken, its defaults filled in, and refuses what is wrong. Options are checked by these instead of by a library: a
 * job file is loaded into every thread, and a program would wait longer for zod than for all of this package (case `boot` of the benchmark).
 */
export type Check<Value = any> = (value: any, refuse: Refuse) => Value;

export const optional =
  <Value>(check: Check<Value>, preset?: Value): Check<Value | undefined> =>
  (value, refuse) =>
    value === undefined ? preset : check(value, refuse);

/** An object whose keys have defaults, so that it may be left out. */
export const orEmpty =
  <Value>(check: Check<Value>): Check<Value> =>
  (value = {}, refuse) =>
    check(value, refuse);

/** What holds of a value, where that is all. */
export const such =
  <Value>(holds: (value: any) => boolean, expected: string): Check<Value> =>
  (value, refuse) => {
    if (!holds(value)) refuse(expected);
    return value;
  };

/** Whatever it is; also nothing. */
export const anything: Check = (value) => value;

export const boolean = such<boolean>((value) => typeof value === 'boolean', 'expected boolean');
export const string = such<string>((value) => typeof value === 'string', 'expected string');
export const text = such<string>((value) => typeof value === 'string' && value !== '', 'expected a string that is not empty');

/** A function; `shape` says of which parameters and result. */
export const functionOf = (shape: string) => such<any>((value) => typeof value === 'function', `expected a function${shape}`);

export const instanceOf = <Value>(type: abstract new (...args: any[]) => Value, expected: string) =>
  such<Value>((value) => value instanceof type, expected);

/** A time: milliseconds since 1970, or a Date. */
export const time = such<number | Date>(
  (value) => Number.isFinite(value instanceof Date ? value.getTime() : value),
  'expected milliseconds since 1970, or a Date',
);

/** A whole number from 1. */
export const count = such<number>((value) => Number.isSafeInteger(value) && value >= 1, 'expected an integer from 1');
/** A whole number from 0. */
export const whole = such<number>((value) => Number.isSafeInteger(value) && value >= 0, 'expected an integer from 0');

/** A finite number from `min` to `max`. */
export const number =
  (min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY): Check<number> =>
  (value, refuse) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) refuse(`expected number${range(min, max)}`);
    else if (value < min || value > max) refuse(`expected number${range(min, max)}`);
    return value;
  };

/** The same as another check, and infinite is allowed. */
export const orInfinity =
  (check: Check<number>): Check<number> =>
  (value, refuse) =>
    value === Number.POSITIVE_INFINITY ? value : check(value, (expected) => refuse(`${expected}, or Infinity`));

export const oneOf =
  <Value>(...values: Value[]): Check<Value> =>
  (value, refuse) => {
    if (!values.includes(value)) refuse(`expected ${values.map((one) => inspect(one)).join(' or ')}`);
    return value;
  };

/** What one of some checks takes, the first that does; `expected` says what they want. */
export const either =
  <Value>(expected: string, ...checks: Check<Value>[]): Check<Value> =>
  (value, refuse) => {
    for (const check of checks) {
      let isTaken = true;
      const taken = check(value, () => {
        isTaken = false;
      });
      if (isTaken) return taken;
    }
    refuse(expected);
    return value;
  };

/** An object with `max`, or that number alone. */
export const orMax =
  <Value>(check: Check<Value>): Check<Value> =>
  (value, refuse) =>
    check(typeof value === 'number' ? { max: value } : value, refuse);

/** An array; gives a copy of it. */
export const listOf =
  <Value>(check: Check<Value>): Check<Value[]> =>
  (value, refuse) => {
    if (Array.isArray(value)) return value.map((one, index) => check(one, within(refuse, String(index), one)));
    refuse('expected array');
    return [];
  };

/** An object with any keys, and such values; gives a copy of it. */
export const recordOf =
  <Value>(check: Check<Value>): Check<Record<string, Value>> =>
  (value, refuse) => {
    if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, check(one, within(refuse, key, one))]));
    refuse('expected object');
    return {};
  };

/** An object with these keys and no others. */
export const object =
  (checks: Record<string, Check>): Check<any> =>
  (value, refuse) => {
    if (!isObject(value)) {
      refuse('expected object');
      return value;
    }
    const unknown = Object.keys(value).filter((key) => !Object.hasOwn(checks, key));
    if (unknown.length > 0) refuse(unknownOptions(unknown, Object.keys(checks)), [], UNKNOWN);
    return fields(checks, value, refuse);
  };

/** An object with these keys; what it has beside them is left as it is. */
export const openObject =
  (checks: Record<string, Check>): Check<any> =>
  (value, refuse) => {
    if (isObject(value)) return { ...value, ...fields(checks, value, refuse) };
    refuse('expected object');
    return value;
  };

function fields(checks: Record<string, Check>, value: Record<string, any>, refuse: Refuse): Record<string, unknown> {
  const checked: Record<string, unknown> = {};
  for (const [key, check] of Object.entries(checks)) {
    const given = value[key];
    const taken = check(given, within(refuse, key, given));
    if (taken !== undefined || Object.hasOwn(value, key)) checked[key] = taken;
  }
  return checked;
}

const isObject = (value: any): value is Record<string, any> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Refuses what a value has at a key. */
const within =
  (refuse: Refuse, key: string, given: unknown): Refuse =>
  (expected, path, deeper) => {
    if (path === undefined) refuse(expected, [key], given);
    else refuse(expected, [key, ...path], deeper);
  };

const UNKNOWN = Symbol('unknown');

/** What people know from earlier versions, and from other pools and queues. */
const OTHER_NAMES: Record<string, string> = {
  attempts: 'maxAttempts',
  retries: 'maxAttempts',
  handler: 'run',
  process: 'run',
  schema: 'input',
  workers: 'threads',
  maxThreads: 'threads',
  maxQueue: 'maxWaiting',
  limiter: 'rateLimit',
  jobId: 'idempotencyKey',
};

/** Says which options are unknown, and which of those that are known was meant. */
export function unknownOptions(unknown: readonly string[], known: readonly string[]): string {
  return `unknown option ${unknown.map((key) => `"${key}"${meant(key, known)}`).join(', ')}`;
}

function meant(key: string, known: readonly string[]): string {
  const other = Object.hasOwn(OTHER_NAMES, key) ? OTHER_NAMES[key] : undefined;
  const name = known.find((one) => one === other) ?? known.find((one) => isLike(one.toLowerCase(), key.toLowerCase()));
  return name === undefined ? '' : ` (did you mean "${name}"?)`;
}

/** Whether two names differ by two letters at most, and not by half of them: by what is left without their common ends. */
function isLike(one: string, other: string): boolean {
  const most = Math.min(one.length, other.length);
  let start = 0;
  while (start < most && one[start] === other[start]) start++;
  let end = 0;
  while (end < most - start && one.at(-1 - end) === other.at(-1 - end)) end++;
  const differing = Math.max(one.length, other.length) - start - end;
  return differing <= 2 && differing * 2 < most;
}

/** Checks options. Throws {@link OptionsError}, which says which are wrong, what was expected and what was given; unknown ones by name. */
export function checked<Value>(check: Check<Value>, options: unknown, where: string): Value {
  const complaints: string[] = [];
  const result = check(options, (expected, path = [], deeper) => {
    const option = path.join('.');
    const given = option === '' && deeper !== UNKNOWN ? options : deeper;
    if (given === UNKNOWN) complaints.push(option === '' ? expected : `${expected} in "${option}"`);
    else complaints.push(`${option === '' ? 'options' : `option "${option}"`}: ${expected}, given ${shown(given)}`);
  });
  if (complaints.length > 0) throw new OptionsError(`${where}: ${complaints.join('; ')}`);
  return result;
}

/** A value as a message shows it. */
export function shown(value: unknown): string {
  return inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 80 });
}

function range(min: number, max: number): string {
  const from = min === Number.NEGATIVE_INFINITY ? '' : ` from ${min}`;
  return max === Number.POSITIVE_INFINITY ? from : `${from} to ${max}`;
}
