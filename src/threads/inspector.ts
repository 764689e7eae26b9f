import type { Session } from 'node:inspector';
import { isMainThread } from 'node:worker_threads';

interface Attached {
  sessionId: string;
  workerInfo: { title: string };
}

interface Answer {
  id: number;
  result?: { result?: { value?: unknown } };
}

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
  readonly #answers = new Map<number, (value: unknown) => void>();
  #lastId = 0;

  constructor(session: Session) {
    this.#session = session;
    session.connect();
    session.on('NodeWorker.attachedToWorker', ({ params }) => this.#attached(params as Attached));
    session.on('NodeWorker.detachedFromWorker', ({ params }) => this.#detached(params.sessionId));
    session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => this.#received(JSON.parse(params.message) as Answer));
    session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
  }

  /** The value of an expression in a thread, or `undefined` when it did not answer within `budget` ms. Never rejects. */
  evaluate(threadId: number, expression: string, budget: number): Promise<unknown> {
    const sessionId = this.#sessions.get(threadId);
    if (sessionId === undefined) return Promise.resolve(undefined);
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      const settle = (value: unknown) => {
        clearTimeout(timer);
        this.#answers.delete(id);
        resolve(value);
      };
      const timer = setTimeout(settle, budget);
      this.#answers.set(id, settle);
      const message = JSON.stringify({ id, method: 'Runtime.evaluate', params: { expression, returnByValue: true, silent: true } });
      this.#session.post('NodeWorker.sendMessageToWorker', { sessionId, message }, (error) => {
        if (error) settle(undefined);
      });
    });
  }

  #attached({ sessionId, workerInfo: { title } }: Attached): void {
    const threadId = /^\[worker (\d+)\]/.exec(title)?.[1];
    if (threadId !== undefined) this.#sessions.set(Number(threadId), sessionId);
  }

  #detached(sessionId: string): void {
    for (const [threadId, known] of this.#sessions) if (known === sessionId) this.#sessions.delete(threadId);
  }

  #received({ id, result }: Answer): void {
    this.#answers.get(id)?.(result?.result?.value);
  }
}

export type { ThreadInspector };

let inspector: ThreadInspector | undefined;

/** The process's inspector of threads; `undefined` where there is none: in a worker thread, under `--permission`, in a build without it. */
export function threadInspector(): ThreadInspector | undefined {
  if (inspector !== undefined || !isMainThread) return inspector;
  try {
    const { Session } = process.getBuiltinModule('node:inspector');
    inspector = new ThreadInspector(new Session());
  } catch {
    // Soft: a post-mortem then says `unknown`.
  }
  return inspector;
}
