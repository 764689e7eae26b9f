import { messageOf } from '../internals.js';
import { type DeadLetterLine, errorLine, failedText } from './dead-letter.js';
import type { TextLine } from './lines.js';
import type { Sink } from './sink.js';

/** A line of the input, with its place among the inputs, from 0. */
export interface InputLine extends TextLine {
  readonly index: number;
}

/** How an input ended. `not-run`: the command was stopped before the job could end. `input` is absent when the line was not JSON. */
export type LineEnd = { item: InputLine; input?: unknown } & (
  | { state: 'completed'; output: unknown }
  | { state: 'failed' | 'not-run'; error: unknown; attempts: number }
);

/** A line of the results. */
export interface ResultLine {
  /** Place among the inputs, from 0. */
  index: number;
  /** With `--with-input`: the input as it was read. */
  input?: unknown;
  /** `null` where the handler returned nothing. */
  output: unknown;
}

/** Failures that are printed one by one; of the others only the number. */
const MAX_NOTES = 10;

/** Writes each end where it belongs, and counts. */
export class Results {
  completed = 0;
  failed = 0;
  /** Inputs that were read and not run. */
  notRun = 0;
  /** Line of the first of {@link notRun}. */
  firstNotRun: number | undefined;
  /** Bytes of the input that have been dealt with. */
  bytes = 0;

  constructor(
    readonly jobName: string,
    readonly out: Sink,
    readonly deadLetters: Sink | undefined,
    readonly withInput: boolean,
    readonly note: (line: string) => void,
  ) {}

  /** It is before the first line that is run. */
  skip({ bytes }: TextLine): void {
    this.bytes += bytes;
  }

  take(end: LineEnd): void {
    this.bytes += end.item.bytes;
    if (end.state === 'completed') this.#completed(end.item, end.input, end.output);
    else this.#failed(end, end.state, end.error, end.attempts);
  }

  #completed(item: InputLine, input: unknown, output: unknown): void {
    let line: string;
    try {
      const result: ResultLine = { index: item.index, ...(this.withInput && { input }), output: output ?? null };
      line = JSON.stringify(result);
    } catch (error) {
      const problem = new TypeError(`the output cannot be written as JSON: ${messageOf(error)}`);
      return this.#failed({ item, input }, 'failed', problem, 1);
    }
    this.completed++;
    this.out.write(line);
  }

  #failed({ item, ...rest }: { item: InputLine; input?: unknown }, state: 'failed' | 'not-run', error: unknown, attempts: number): void {
    const { index, number: line, text } = item;
    const what = 'input' in rest ? { input: rest.input } : { text: failedText(text) };
    const letter: DeadLetterLine = { deadLetter: this.jobName, index, line, ...what, error: errorLine(error, attempts > 0), attempts };
    this.deadLetters?.write(JSON.stringify(letter));
    if (state === 'failed') this.#noteFailure(letter);
    else {
      this.notRun++;
      this.firstNotRun ??= line;
    }
  }

  #noteFailure({ line, error, attempts }: DeadLetterLine): void {
    this.failed++;
    if (this.failed > MAX_NOTES) return;
    const often = attempts > 1 ? ` (${attempts} attempts)` : '';
    this.note(`line ${line}: ${error.name}: ${error.message}${often}`);
    if (this.failed === MAX_NOTES) this.note('further failures are counted, not printed');
  }
}
