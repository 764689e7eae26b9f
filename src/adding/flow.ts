import { CancelledError, QueueClosedError, QueueFullError } from '../errors/errors.js';
import { messageOf } from '../errors/thrown.js';
import { Signals } from '../waiting/signals.js';
import { Fifo } from './fifo.js';

/** What items come from. */
export type Source<Input> = Iterable<Input> | AsyncIterable<Input>;
/** Runs the job of one item; it is cancelled by the signal. */
export type RunItem<Input, Output> = (input: Input, signal: AbortSignal) => Promise<Output>;

/** How items are read. */
export interface FlowOptions {
  readonly ordered: boolean;
  /** Most items read ahead of the consumer. */
  readonly concurrency: number;
  readonly signal?: AbortSignal | undefined;
  /** A failed item is one like others, and the flow goes on. */
  readonly settled: boolean;
}

/** What `map` throws for a failing item: the error of its job, with the item's place in the source (from 0) and the item. */
export type ItemError = Error & { readonly index: number; readonly input: unknown };

export interface Item<Input, Output> {
  readonly index: number;
  readonly input: Input;
  state: 'running' | 'completed' | 'failed';
  output: Output | undefined;
  error: unknown;
}

/** One listener for each signal, however many flows it may end. */
const signals = new Signals<Flow<any, any>>((flow) => flow.abort());

/** The items between the source and the consumer. */
export class Flow<Input, Output> {
  readonly #where: string;
  readonly #iterator: Iterator<Input> | AsyncIterator<Input>;
  readonly #isAsync: boolean;
  readonly #run: RunItem<Input, Output>;
  readonly #ordered: boolean;
  readonly #concurrency: number;
  readonly #settled: boolean;
  readonly #signal: AbortSignal | undefined;
  readonly #controller = new AbortController();
  /** Read and not taken: all of them in the order of the source, or those that have ended in the order of their end. */
  readonly #line = new Fifo<Item<Input, Output>>();
  /** Items that the queue had no room for. */
  #refused: Item<Input, Output>[] = [];
  #count = 0;
  #ahead = 0;
  #running = 0;
  /** `reading`: the source was asked and has not answered. */
  #source: 'open' | 'reading' | 'ended' = 'open';
  /** What ends it all: the source failed, or the signal was aborted. */
  #failure: { error: unknown } | undefined;
  /** A failed item waits for its turn: no more need be read. */
  #doomed = false;
  #wake: (() => void) | undefined;

  constructor(where: string, source: Source<Input>, options: FlowOptions, run: RunItem<Input, Output>) {
    this.#where = where;
    this.#isAsync = isAsync(source);
    this.#iterator = isAsync(source) ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
    this.#run = run;
    this.#ordered = options.ordered;
    this.#concurrency = options.concurrency;
    this.#settled = options.settled;
    this.#signal = options.signal;
    if (this.#signal?.aborted) this.abort();
    else if (this.#signal !== undefined) signals.watch(this, this.#signal);
  }

  /** Reads as far ahead as it may. */
  fill(): void {
    if (this.#isAsync) {
      if (this.#mayRead) void this.#readAsync(this.#iterator as AsyncIterator<Input>);
    } else while (this.#mayRead) this.#readSync(this.#iterator as Iterator<Input>);
  }

  /** The next item for the consumer, if it is there. Throws when it failed, and when everything did. */
  take(): Item<Input, Output> | undefined {
    if (this.#failure !== undefined && (this.#ahead === 0 || this.#signal?.aborted)) throw this.#failure.error;
    const item = this.#line.head;
    if (item === undefined || item.state === 'running') return undefined;
    this.#line.shift();
    this.#ahead--;
    if (item.state === 'failed' && !this.#goesOnPast(item.error)) throw withItem(item.error, item, this.#where);
    return item;
  }

  /** Whether everything has been taken. */
  get over(): boolean {
    return this.#source === 'ended' && this.#ahead === 0;
  }

  /** Resolves at the next change. */
  change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Cancels what is left and closes the source; when the consumer broke off, throws what closing it throws, as `for await` does. */
  async stop(failed: boolean): Promise<void> {
    if (this.#signal !== undefined) signals.forget(this, this.#signal);
    this.#controller.abort(this.#signal?.aborted ? this.#signal.reason : `${this.#where} has ended`);
    if (this.#source === 'ended') return;
    const asked = this.#source === 'reading';
    this.#source = 'ended';
    const closing = closed(this.#iterator);
    // An async source answers in order: a return would wait for a read that may never come.
    if (asked || failed) closing.catch(() => {});
    if (!asked && !failed) await closing;
  }

  get #mayRead(): boolean {
    return this.#source === 'open' && this.#ahead < this.#concurrency && !this.#doomed && this.#failure === undefined;
  }

  #readSync(iterator: Iterator<Input>): void {
    try {
      this.#accept(iterator.next());
    } catch (error) {
      this.#sourceFailed(error);
    }
  }

  async #readAsync(iterator: AsyncIterator<Input>): Promise<void> {
    try {
      while (this.#mayRead) {
        this.#source = 'reading';
        const result = await iterator.next();
        // It was stopped meanwhile.
        if ((this.#source as string) === 'ended') return;
        this.#source = 'open';
        this.#accept(result);
      }
    } catch (error) {
      this.#sourceFailed(error);
    }
    this.#changed();
  }

  #accept(result: IteratorResult<Input>): void {
    if (result.done) {
      this.#source = 'ended';
      return;
    }
    const item: Item<Input, Output> = { index: this.#count++, input: result.value, state: 'running', output: undefined, error: undefined };
    this.#ahead++;
    if (this.#ordered) this.#line.push(item);
    this.#start(item);
  }

  #start(item: Item<Input, Output>): void {
    this.#running++;
    this.#run(item.input, this.#controller.signal).then(
      (output) => {
        item.output = output;
        this.#ended(item, 'completed');
      },
      (error: unknown) => {
        // Others fill the queue; ours that run will make room.
        if (error instanceof QueueFullError && this.#running > 1) {
          this.#running--;
          this.#refused.push(item);
          return;
        }
        item.error = error;
        this.#doomed ||= !this.#goesOnPast(error);
        this.#ended(item, 'failed');
      },
    );
  }

  /** Not past the end of the queue: all that would follow would end so. */
  #goesOnPast(error: unknown): boolean {
    return this.#settled && !(error instanceof QueueClosedError);
  }

  #ended(item: Item<Input, Output>, state: 'completed' | 'failed'): void {
    item.state = state;
    this.#running--;
    if (!this.#ordered) this.#line.push(item);
    const again = this.#refused;
    this.#refused = [];
    for (const one of again) this.#start(one);
    this.#changed();
  }

  #sourceFailed(error: unknown): void {
    this.#source = 'ended';
    this.#failure ??= { error };
  }

  /** Its signal was aborted. */
  abort(): void {
    const reason: unknown = this.#signal?.reason;
    this.#failure = { error: new CancelledError(`${this.#where} was cancelled: ${messageOf(reason)}`, reason) };
    this.#controller.abort(reason);
    this.#changed();
  }

  #changed(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}

/** A text is a source too, of its characters. */
function isAsync<Input>(source: Source<Input>): source is AsyncIterable<Input> {
  return Symbol.asyncIterator in Object(source);
}

async function closed(iterator: Iterator<unknown> | AsyncIterator<unknown>): Promise<void> {
  await iterator.return?.();
}

/**
 * The error of an item with the item on it; not enumerable, so that inputs do not end up in logs. An error that cannot
 * carry them, because it is none or has properties of these names, becomes the `cause` of one that does.
 */
function withItem(error: unknown, { index, input }: { index: number; input: unknown }, where: string): unknown {
  const facts = { index: { value: index }, input: { value: input } };
  if (error instanceof Error && Object.isExtensible(error) && !('index' in error) && !('input' in error)) {
    return Object.defineProperties(error, facts);
  }
  return Object.defineProperties(new Error(`${where}: item ${index} failed: ${messageOf(error)}`, { cause: error }), facts);
}
