import type { Session } from 'node:inspector';
import { isMainThread } from 'node:worker_threads';
import { clearTimeout, setImmediate, setTimeout } from '../time/timers.js';

interface Attached {
  sessionId: string;
  workerInfo: { title: string };
}

/** The value of an expression; `undefined` when it threw, or has none that can be told. */
export interface Answer {
  value: unknown;
}

/** An expression that was sent to a thread. */
interface Question {
  readonly sessionId: string;
  answered(answer: Answer | undefined): void;
}

/** Longest answer that is read, in characters: a handler may have made it as long as it likes. */
const LONGEST_ANSWER = 1_000_000;

/**
 * Evaluates an expression in a thread, also while the thread is stuck: a spinning isolate runs it as an interrupt, on
 * top of the stuck frames; nothing is paused, and no debugger is involved.
 *
 * One session for the whole process, enabled before the first thread starts and never closed: enabling or closing one
 * while threads start or end can crash the process (Node.js 20 to 26).
 */
class ThreadInspector {
  readonly #session: Session;
  readonly #sessions = new Map<number, string>();
  readonly #questions = new Map<number, Question>();
  #lastId = 0;

  constructor(session: Session) {
    this.#session = session;
    session.connect();
    session.on('NodeWorker.attachedToWorker', ({ params }) => this.#attached(params as Attached));
    session.on('NodeWorker.detachedFromWorker', ({ params }) => this.#detached(params.sessionId));
    session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => this.#received(params.sessionId, params.message));
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
  }

  /**
   * Evaluates an expression in a thread; `undefined` when it is given up, of which `giveUp` is asked every `interval` ms.
   * Rejects when the thread cannot be asked. While it is under way the thread must not be terminated, nor after it was given
   * up while the thread may still answer: that could be lost, or abort the process.
   */
  evaluate(threadId: number, expression: string, interval: number, giveUp: () => boolean): Promise<Answer | undefined> {
    return new Promise((resolve, reject) => {
      const sessionId = this.#sessions.get(threadId);
      if (sessionId === undefined) throw new Error('the inspector does not know it');
      const id = ++this.#lastId;
      const answered = (answer: Answer | undefined) => {
        clearTimeout(timer);
        this.#questions.delete(id);
        resolve(answer);
      };
      const check = () => {
        if (!this.#questions.has(id)) return;
        if (giveUp()) return answered(undefined);
        timer = setTimeout(checkSoon, interval);
      };
      // Where the main thread is late the answer may be there: it is read before the turn is over.
      const checkSoon = () => setImmediate(check);
      let timer = setTimeout(checkSoon, interval);
      this.#questions.set(id, { sessionId, answered });
      const message = JSON.stringify({ id, method: 'Runtime.evaluate', params: { expression, returnByValue: true, silent: true } });
      this.#session.post('NodeWorker.sendMessageToWorker', { sessionId, message }, (error) => {
        if (error) reject(error);
      });
    });
  }

  #attached({ sessionId, workerInfo: { title } }: Attached): void {
    const threadId = /^\[worker (\d+)\]/.exec(title)?.[1];
    if (threadId !== undefined) this.#sessions.set(Number(threadId), sessionId);
  }

  #detached(sessionId: string): void {
    for (const [threadId, known] of this.#sessions) if (known === sessionId) this.#sessions.delete(threadId);
    this.#ended(sessionId, undefined);
  }

  #received(sessionId: string, message: string): void {
    if (message.length > LONGEST_ANSWER) return this.#ended(sessionId, { value: undefined });
    const { id, result } = JSON.parse(message) as { id: number; result?: { result?: Answer } };
    this.#questions.get(id)?.answered({ value: result?.result?.value });
  }

  /** No further answer comes from there. */
  #ended(sessionId: string, answer: Answer | undefined): void {
    for (const question of [...this.#questions.values()]) if (question.sessionId === sessionId) question.answered(answer);
  }
}

export type { ThreadInspector };

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
