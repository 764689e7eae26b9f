import { type JobDefinition, JobQueue, QueueClosedError } from '../index.js';
import { messageOf } from '../internals.js';
import { inputOf } from './dead-letter.js';
import { definitionIn, withOptions } from './definition.js';
import { EXIT, UsageError } from './exit.js';
import { refuseOverwriting } from './files.js';
import { type InputFile, openInput } from './input-file.js';
import { onInterrupt } from './interrupt.js';
import { lines } from './lines.js';
import { count, perSecond } from './numbers.js';
import type { Observer } from './observer.js';
import { showProgress } from './progress.js';
import { type InputLine, type LineEnd, Results } from './results.js';
import { Sink } from './sink.js';
import { TimelineFile } from './timeline.js';
import { Window } from './window.js';

export interface RunOptions {
  /** Name of the job; needed when the module exports several. */
  job?: string;
  /** Lines of JSON: inputs, or dead letters of an earlier run. `-`: stdin. */
  input: string;
  /** Where results go, one line each. `-`: stdout. */
  out: string;
  /** Where failures go. Default: they are only printed. */
  deadLetters?: string;
  /** First line that is run; those before are only counted. */
  fromLine: number;
  /** Results and dead letters are added to what the files hold. */
  append: boolean;
  /** Default `os.availableParallelism()`. */
  threads?: number;
  /** Most inputs read and not written yet. Default 256. */
  concurrency: number;
  /** Milliseconds of one attempt. Default the definition's. */
  timeout?: number;
  /** Executions in total. Default the definition's. */
  maxAttempts?: number;
  /** Results in the order of the inputs; otherwise each as soon as it is there. */
  ordered: boolean;
  /** File for what every thread did when. */
  timeline?: string;
  /** Each result carries its input. */
  withInput: boolean;
}

/** Runs every line of a file as a job, in constant memory. Resolves with the exit code. Throws {@link UsageError} before anything ran. */
export async function run(module: string, options: RunOptions): Promise<number> {
  refuseOverwriting(options);
  const { timeout, maxAttempts } = options;
  const definition = withOptions(await definitionIn(module, options.job), { timeout, maxAttempts });
  const timeline = options.timeline === undefined ? undefined : new TimelineFile(options.timeline);
  const source = openInput(options.input);
  const queue = await startQueue(definition, options, timeline);
  try {
    const code = await new FileRun(definition, queue, source, options).go();
    const recorded = (await timeline?.close()) ?? true;
    return code === EXIT.OK && !recorded ? EXIT.FAILED : code;
  } finally {
    source.stream.destroy();
    await queue.close({ drain: 'none' });
  }
}

async function startQueue(definition: JobDefinition, { threads }: RunOptions, observer: Observer | undefined): Promise<JobQueue> {
  const kept = { keepCompleted: 0, deadLetters: { max: 0 } };
  const queue = new JobQueue({ jobs: [definition], logger: false, ...kept, ...(threads !== undefined && { threads }) });
  observer?.opened?.(queue, definition.name);
  try {
    await queue.ready();
    return queue;
  } catch (error) {
    await queue.close({ drain: 'none' });
    throw new UsageError(messageOf(error), { cause: error });
  }
}

/** Time beyond the job's own limits that stopping waits for active jobs, in milliseconds. */
const STOP_MARGIN = 5_000;

class FileRun {
  readonly #results: Results;
  readonly #window: Window<LineEnd>;
  readonly #progress;
  readonly #start = performance.now();
  #inputs = 0;
  /** Line of the last input that was started. */
  #lastLine;
  #stopped = false;
  /** What ended it early, other than Ctrl-C. */
  #problem: string | undefined;

  constructor(
    readonly definition: JobDefinition,
    readonly queue: JobQueue,
    readonly source: InputFile,
    readonly options: RunOptions,
  ) {
    const sink = (name: string) =>
      new Sink(name, options.append, (error) => this.#stop(`${name === '-' ? 'stdout' : name} cannot be written: ${error.message}`));
    const { out, deadLetters, concurrency, ordered, withInput } = options;
    this.#lastLine = options.fromLine - 1;
    const note = (line: string) => this.#progress.note(line);
    this.#results = new Results(definition.name, sink(out), deadLetters === undefined ? undefined : sink(deadLetters), withInput, note);
    // After the files: a bar that is drawn must be taken away again.
    this.#progress = showProgress(definition.name, source.size);
    this.#window = new Window(concurrency, ordered, (end) => this.#ended(end));
  }

  async go(): Promise<number> {
    using interrupt = onInterrupt();
    interrupt.signal.addEventListener('abort', () => this.#stop());
    await this.#read();
    await this.#window.empty();
    await this.#results.out.close();
    await this.#results.deadLetters?.close();
    this.#progress.stop();
    this.#summarise();
    if (interrupt.signal.aborted) return EXIT.INTERRUPTED;
    return this.#results.failed > 0 || this.#problem !== undefined ? EXIT.FAILED : EXIT.OK;
  }

  async #read(): Promise<void> {
    try {
      for await (const line of lines(this.source.stream)) {
        if (line.number < this.options.fromLine) {
          this.#results.skip(line);
          this.#inputs++;
          continue;
        }
        await this.#window.room();
        await this.#results.out.ready();
        await this.#results.deadLetters?.ready();
        if (this.#stopped) return;
        this.#lastLine = line.number;
        const item = { ...line, index: this.#inputs++ };
        this.#window.start(() => this.#run(item));
      }
    } catch (error) {
      if (!this.#stopped) this.#problem = `${this.options.input} cannot be read after line ${this.#lastLine}: ${messageOf(error)}`;
    }
  }

  async #run(item: InputLine): Promise<LineEnd> {
    let input: unknown;
    try {
      input = inputOf(item.text);
    } catch (error) {
      const isArray = item.index === 0 && item.text.startsWith('[') ? '; a JSON array must be split into one line for each input' : '';
      return { item, state: 'failed', error: new SyntaxError(`not JSON: ${messageOf(error)}${isArray}`), attempts: 0 };
    }
    let attempts = 0;
    try {
      const job = await this.queue.add(this.definition, input);
      const output = await job.result().finally(() => {
        attempts = job.attempt;
      });
      return { item, input, state: 'completed', output };
    } catch (error) {
      const state = this.#stopped && error instanceof QueueClosedError ? 'not-run' : 'failed';
      return { item, input, state, error, attempts };
    }
  }

  #ended(end: LineEnd): void {
    this.#results.take(end);
    this.#progress.update(this.#results.bytes, () => this.#counts());
  }

  /** Reads and starts nothing more; active jobs end. */
  #stop(problem?: string): void {
    this.#problem ??= problem;
    if (this.#stopped) return;
    this.#stopped = true;
    if (problem === undefined) this.#progress.note('stopping: active jobs end first; Ctrl-C again ends at once');
    this.source.stream.destroy();
    const { timeout, gracePeriod } = this.definition;
    void this.queue.close({ drain: 'active', timeout: timeout + gracePeriod + STOP_MARGIN });
  }

  #counts(): string {
    const { completed, failed } = this.#results;
    const seconds = (performance.now() - this.#start) / 1_000;
    return `${count(completed)} completed, ${count(failed)} failed, ${perSecond((completed + failed) / seconds)}`;
  }

  #summarise(): void {
    const { notRun, firstNotRun, failed } = this.#results;
    const { input, deadLetters } = this.options;
    const say = (line: string) => void process.stderr.write(`${line}\n`);
    if (this.#problem !== undefined) say(this.#problem);
    say(`${this.definition.name}: ${this.#counts()}`);
    if (failed > 0 && deadLetters !== undefined) say(`run the failed ones again with --input ${deadLetters}`);
    if (!this.#stopped) return;
    const kept = deadLetters === undefined ? `the first is line ${firstNotRun}` : `they are in ${deadLetters}`;
    if (notRun > 0) say(`read and not run: ${count(notRun)}; ${kept}`);
    const next = this.#lastLine + 1;
    say(
      `${input === '-' ? 'stdin' : input} was read up to line ${next - 1}; the rest begins at line ${next}: go on with --from-line ${next} --append`,
    );
  }
}
