import type { PostMortem } from '../index.js';
import { messageOf } from '../internals.js';

/** A failure as `run` writes it: one line of JSON. A later run that reads it runs its input again. */
export interface DeadLetterLine {
  /** Name of the job. What marks the line as a dead letter, together with `error` and `attempts`. */
  deadLetter: string;
  /** Place among the inputs of its run, from 0. */
  index: number;
  /** Line in the input of its run, from 1. */
  line: number;
  /** The input as it was read, before the schema. Absent when the line was not JSON. */
  input?: unknown;
  /** The line, when it was not JSON. Correct it, and the next run takes it. */
  text?: string;
  error: ErrorLine;
  /** Executions; 0 when it never started, such as an input that the schema refused. */
  attempts: number;
}

export interface ErrorLine {
  name: string;
  message: string;
  code?: string | number;
  /** Where it was thrown, or where the job was stuck when it was killed. Absent when it never started. */
  stack?: string;
  /** Of a job that was killed: what it was doing. */
  postMortem?: { kind: PostMortem['kind']; at?: string; why?: string };
}

export function errorLine(error: unknown, started: boolean): ErrorLine {
  if (!(error instanceof Error)) return { name: typeof error, message: messageOf(error) };
  const { name, message, stack } = error;
  const { code } = error as { code?: unknown };
  const { postMortem } = error as { postMortem?: PostMortem };
  return {
    name,
    message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(started && typeof stack === 'string' && { stack }),
    ...(postMortem && { postMortem: shortOf(postMortem) }),
  };
}

function shortOf({ kind, stack: [top], why }: PostMortem): ErrorLine['postMortem'] {
  return { kind, ...(top && { at: `${top.functionName} (${top.url}:${top.line}:${top.column})` }), ...(why !== undefined && { why }) };
}

/** What a line asks to run: its JSON, or the input of a dead letter. Throws `SyntaxError`. */
export function inputOf(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!isDeadLetter(value)) return value;
  return value.text === undefined ? value.input : inputOf(value.text);
}

function isDeadLetter(value: unknown): value is DeadLetterLine {
  if (typeof value !== 'object' || value === null) return false;
  const { deadLetter, error, attempts } = value as Partial<DeadLetterLine>;
  return typeof deadLetter === 'string' && typeof error === 'object' && error !== null && typeof attempts === 'number';
}

/** The line itself, when it is not JSON, for the next dead letter: that of a dead letter is the text it carries. */
export function failedText(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return isDeadLetter(value) && value.text !== undefined ? value.text : text;
  } catch {
    return text;
  }
}
