import { parentPort } from 'node:worker_threads';
import { type OpenMessage, THREAD_MARK } from '../wire/protocol.js';
import { JobThread } from './job-thread.js';
import { nameThread } from './thread-name.js';

/**
 * Called once by Piscina, when the thread has booted: it has said so through the thread's own port, and needs it no
 * more. Nobody listens to what handlers would send there, but the main thread would have to read it.
 */
export default function open(message: OpenMessage): void {
  // Deno has no such method.
  parentPort?.close?.();
  Object.defineProperty(globalThis, THREAD_MARK, { value: true });
  if (message.name !== undefined) nameThread(message.name);
  void new JobThread(message).open(message.preload);
}
