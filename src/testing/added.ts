import { AssertionError } from 'node:assert';
import { inspect, isDeepStrictEqual } from 'node:util';
import type { Job, JobDefinition } from '../index.js';
import { TestQueue } from './test-queue.js';

/** Most jobs that a message lists. */
const MAX_LISTED = 20;

/** What a matcher of vitest, or of Jest, is called with. */
export interface MatcherState {
  equals(a: unknown, b: unknown, customTesters?: any[]): boolean;
  customTesters?: any[];
}

/** Matchers for `expect.extend` of vitest. */
export const matchers = {
  /** Whether the queue has accepted a job of the definition, with this input where one is given: as the schema returned it. Asymmetric matchers work. */
  toHaveAdded(this: MatcherState, queue: unknown, definition: JobDefinition, ...input: [input?: unknown]) {
    const matches = (actual: unknown) => input.length === 0 || this.equals(actual, input[0], this.customTesters);
    const pass = jobsOf(queue, definition).some((job) => matches(job.input));
    return { pass, message: () => complaint(queue as TestQueue, definition, input, pass) };
  },
};

declare global {
  // Where the assertions of vitest, and of Jest, take their types from: so neither need be there.
  namespace jest {
    interface Matchers<R, T> {
      /** The queue has accepted a job of the definition, with this input where one is given: as the schema returned it. */
      toHaveAdded<Input, Parsed, Output>(definition: JobDefinition<Input, Parsed, Output>, input?: unknown): R;
    }
  }
}

/**
 * Throws an `AssertionError` unless the queue has accepted a job of the definition; with an input, one that is strictly
 * equal to it, as the schema returned it; with a function, one of which it says so. Gives the jobs that match.
 */
export function assertAdded<Input, Parsed, Output>(
  queue: TestQueue,
  definition: JobDefinition<Input, Parsed, Output>,
  ...input: [input?: Parsed | ((input: Parsed) => boolean)]
): Job<Parsed, Output>[] {
  const found = jobsMatching(queue, definition, input);
  if (found.length === 0) throw new AssertionError({ message: complaint(queue, definition, input, false), stackStartFn: assertAdded });
  return found;
}

/** Throws an `AssertionError` when the queue has accepted a job that {@link assertAdded} would find. */
export function assertNotAdded<Input, Parsed, Output>(
  queue: TestQueue,
  definition: JobDefinition<Input, Parsed, Output>,
  ...input: [input?: Parsed | ((input: Parsed) => boolean)]
): void {
  if (jobsMatching(queue, definition, input).length === 0) return;
  throw new AssertionError({ message: complaint(queue, definition, input, true), stackStartFn: assertNotAdded });
}

function jobsMatching<Input, Parsed, Output>(
  queue: TestQueue,
  definition: JobDefinition<Input, Parsed, Output>,
  expected: [input?: Parsed | ((input: Parsed) => boolean)],
): Job<Parsed, Output>[] {
  const [input] = expected;
  return jobsOf(queue, definition).filter((job) => {
    if (typeof input === 'function') return (input as (input: Parsed) => boolean)(job.input);
    return expected.length === 0 || isDeepStrictEqual(job.input, input);
  });
}

function jobsOf<Input, Parsed, Output>(queue: unknown, definition: JobDefinition<Input, Parsed, Output>): Job<Parsed, Output>[] {
  if (!(queue instanceof TestQueue)) throw new TypeError(`expected a queue from createTestQueue, given ${inspect(queue, { depth: 0 })}`);
  return queue.added(definition);
}

function complaint(queue: TestQueue, { name }: JobDefinition, expected: [input?: unknown], not: boolean): string {
  const [input] = expected;
  const withInput = typeof input === 'function' ? ' with an input that matches' : expected.length > 0 ? ` with ${show(input)}` : '';
  const all = queue.added();
  const listed = all.slice(0, MAX_LISTED).map((job) => `  ${job.name} ${show(job.input)}`);
  const more = all.length > MAX_LISTED ? [`  and ${all.length - MAX_LISTED} more`] : [];
  const wanted = `expected the queue ${not ? 'not ' : ''}to have added job "${name}"${withInput}`;
  return all.length === 0 ? `${wanted}; it has added none` : [`${wanted}; it has added`, ...listed, ...more].join('\n');
}

function show(input: unknown): string {
  // An asymmetric matcher shows itself by its own name.
  const text = (input as { toAsymmetricMatcher?: () => string } | null | undefined)?.toAsymmetricMatcher;
  if (typeof text === 'function') return text.call(input);
  return inspect(input, { depth: 4, breakLength: Number.POSITIVE_INFINITY, maxStringLength: 200, maxArrayLength: 20 });
}
