import { availableParallelism } from 'node:os';
import { InvalidArgumentError } from 'commander';

/** A whole number of at least `least`. */
export function whole(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least) throw new InvalidArgumentError(`Expected a whole number from ${least}.`);
    return value;
  };
}

/** A number above 0. */
export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError('Expected a number above 0.');
  return value;
}

/** A number of at least 0. */
export function notNegative(text: string): number {
  return text.trim() === '0' ? 0 : positive(text);
}

/** Values between commas, each once. */
export function list(each: (text: string) => number): (text: string) => number[] {
  return (text) => [...new Set(text.split(',').map((part) => each(part.trim() === '' ? 'nothing' : part)))];
}

/** One thread, and as many as the machine has cores. */
export function defaultThreads(): number[] {
  return [...new Set([1, availableParallelism()])];
}
