import { readFileSync } from 'node:fs';
import { text as textOfStream } from 'node:stream/consumers';
import { InputError, type JobDefinition } from '../index.js';
import { messageOf, summary, validate } from '../internals.js';
import { inputOf } from './dead-letter.js';
import { UsageError } from './exit.js';

/**
 * Reads inputs: the items of a JSON array, or one JSON value a line. A file called `.ndjson` or `.jsonl` is always
 * lines; lines may be dead letters of `run`. Throws {@link UsageError}.
 */
export async function readInputs(file: string): Promise<unknown[]> {
  const text = (await readText(file)).replace(/^\uFEFF/, '');
  const inputs = (/\.(ndjson|jsonl)$/.test(file) ? undefined : arrayOf(text)) ?? linesOf(file, text);
  if (inputs.length === 0) throw new UsageError(`${file} holds no inputs`);
  return inputs;
}

async function readText(file: string): Promise<string> {
  if (file === '-') return textOfStream(process.stdin);
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

function arrayOf(text: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function linesOf(file: string, text: string): unknown[] {
  const inputs: unknown[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    try {
      inputs.push(inputOf(line));
    } catch (error) {
      throw new UsageError(`${file} is neither a JSON array nor JSON lines: line ${index + 1}: ${messageOf(error)}`, { cause: error });
    }
  }
  return inputs;
}

/** Refused inputs that are named; of the others only the number. */
const MAX_NAMED = 5;

/** Checks every input before anything is measured. Throws {@link UsageError}, which says which are refused and why. */
export async function checkInputs(definition: JobDefinition, inputs: readonly unknown[]): Promise<void> {
  const refused: string[] = [];
  for (const [index, input] of inputs.entries()) {
    try {
      await parse(definition, input, `inputs[${index}]`);
    } catch (error) {
      refused.push(error instanceof InputError ? error.message : `inputs[${index}]: ${messageOf(error)}`);
    }
  }
  if (refused.length === 0) return;
  const more = refused.length > MAX_NAMED ? [`and ${refused.length - MAX_NAMED} more`] : [];
  const all = [...refused.slice(0, MAX_NAMED), ...more].map((line) => `\n  ${line}`).join('');
  throw new UsageError(`the schema of ${definition.name} refuses ${refused.length} of ${inputs.length} inputs:${all}`);
}

/** The input as its schema returns it. Throws `InputError`. */
export async function parse(definition: JobDefinition, input: unknown, root: string): Promise<unknown> {
  const { issues, value } = await validate(definition.input, input);
  if (issues === undefined) return value;
  throw new InputError(summary(issues, root), issues);
}
