import type { Session } from 'node:inspector';
import { isMainThread } from 'node:worker_threads';
import { clearTimeout, setImmediate, setTimeout } from '../time/timers.js';

interface Attached {
  sessionId: string;
  workerInfo: { title: string };
}

interface FromThread {
  sessionId: string;
  message: string;
}

/** The value of an expression; `undefined` when it threw, or has none that can be told. */
export interface Answer {
  value: unknown;
}

/** An expression that was sent to a thread, and what it has answered, which it may still be at. */
interface Question {
  readonly sessionId: string;
  answer: Answer | undefined;
  over(): void;
}

/** Longest answer that is read, in characters: a handler may have made it as long as it likes. */
const LONGEST_ANSWER = 1_000_000;
/** Answered without JavaScript: to terminate a thread that is at it is harmless. */
const HARMLESS = 'Runtime.getIsolateId';

/**
 * Evaluates an expression in a thread, also while the thread is stuck: a spinning isolate runs it as an interrupt, on
 * top of the stuck frames; nothing is paused, and no debugger is involved.
 *
 * One session for the whole process, enabled before the first thread starts and never closed: enabling or closing one
 * while threads start or end can crash the process (Node.js 20 to 26).
 */
export class ThreadInspector {
  readonly #session: Session;
  readonly #sessions = new Map<number, string>();
  /** By the id of what is asked after them. */
  readonly #questions = new Map<number, Question>();
  #lastId = 0;

  constructor(session: Session) {
    this.#session = session;
    session.connect();
    this.#on('attachedToWorker', (params: Attached) => this.#attached(params));
    this.#on('detachedFromWorker', ({ sessionId }: FromThread) => this.#detached(sessionId));
    this.#on('receivedMessageFromWorker', ({ sessionId, message }: FromThread) => this.#received(sessionId, message));
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
  }

  /**
   * Evaluates an expression in a thread; `undefined` when it is given up, of which `giveUp` is asked every `interval` ms.
   * Rejects when the thread cannot be asked. While it is under way the thread must not be terminated, nor after it was given
   * up while the thread may still answer: that could be lost, or abort the process. The answer is sent while the thread is still in
   * the evaluation, where it may be put aside: so something else is asked after it, whose answer says that it is over.
   */
  evaluate(threadId: number, expression: string, interval: number, giveUp: () => boolean): Promise<Answer | undefined> {
    return new Promise((resolve, reject) => {
      const sessionId = this.#sessions.get(threadId);
      if (sessionId === undefined) throw new Error('the inspector does not know it');
      const id = ++this.#lastId;
      const after = ++this.#lastId;
      const question: Question = {
        sessionId,
        answer: undefined,
        over: () => {
          clearTimeout(timer);
          this.#questions.delete(after);
          resolve(question.answer);
        },
      };
      const check = () => {
        if (!this.#questions.has(after)) return;
        if (giveUp()) return question.over();
        timer = setTimeout(checkSoon, interval);
      };
      // Where the main thread is late the answer may be there: it is read before the turn is over.
      const checkSoon = () => setImmediate(check);
      let timer = setTimeout(checkSoon, interval);
      this.#questions.set(after, question);
      const ask = (message: object) =>
        this.#session.post('NodeWorker.sendMessageToWorker', { sessionId, message: JSON.stringify(message) }, (error) => {
          if (error) reject(error);
        });
      ask({ id, method: 'Runtime.evaluate', params: { expression, returnByValue: true, silent: true } });
      ask({ id: after, method: HARMLESS });
    });
  }

  /**
   * Node.js interrupts whatever JavaScript the main thread runs to tell of what comes from a thread, also its own: where that was in the
   * middle of its timers, and one was cleared here, they went round for ever. So nothing is done at once.
   */
  #on<Params>(event: string, tell: (params: Params) => void): void {
    this.#session.on(`NodeWorker.${event}`, ({ params }: { params: Params }) => void Promise.resolve(params).then(tell));
  }

  #attached({ sessionId, workerInfo: { title } }: Attached): void {
    const threadId = /^\[worker (\d+)\]/.exec(title)?.[1];
    if (threadId !== undefined) this.#sessions.set(Number(threadId), sessionId);
  }

  #detached(sessionId: string): void {
    for (const [threadId, known] of this.#sessions) if (known === sessionId) this.#sessions.delete(threadId);
    for (const question of this.#of(sessionId)) question.over();
  }

  #received(sessionId: string, message: string): void {
    if (message.length > LONGEST_ANSWER) {
      for (const question of this.#of(sessionId)) question.answer ??= { value: undefined };
      return;
    }
    const { id, result } = JSON.parse(message) as { id: number; result?: { result?: Answer } };
    this.#questions.get(id)?.over();
    const question = this.#questions.get(id + 1);
    if (question !== undefined) question.answer = { value: result?.result?.value };
  }

  #of(sessionId: string): Question[] {
    return [...this.#questions.values()].filter((question) => question.sessionId === sessionId);
  }
}

let inspector: ThreadInspector | undefined;

/** Where there is none that could be trusted: Bun has no inspector of threads, and Deno's gives wrong answers. */
const OTHER_RUNTIME = ['bun', 'deno'].find((name) => process.versions[name] !== undefined);
const NONE = { evaluate: () => Promise.reject(new Error(`not available on ${OTHER_RUNTIME}`)) };

/** The process's inspector of threads; `undefined` where there is none: in a worker thread, under `--permission`, in a build without it. */
export function threadInspector(): Pick<ThreadInspector, 'evaluate'> | undefined {
  if (OTHER_RUNTIME !== undefined) return NONE;
  if (inspector !== undefined || !isMainThread) return inspector;
  try {
    const { Session } = process.getBuiltinModule('node:inspector');
    inspector = new ThreadInspector(new Session());
  } catch {
    // Soft: a post-mortem then says `unknown`.
  }
  return inspector;
}
