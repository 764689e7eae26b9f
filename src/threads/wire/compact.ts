import type { ResultsMessage, RunMessage } from './protocol.js';

// Taken now: in a thread, handlers may change the globals.
const { isArray } = Array;

/**
 * Jobs and results as they cross: arrays, without the names of their fields, which cost a lone job more than all else in its
 * message, and without what most do not have.
 */
export function compactRun({ first, kind, keys, inputs, kinds, maxAttempts, extras, carriers }: RunMessage): unknown[] {
  const jobs = [first, kind, keys, inputs, maxAttempts];
  return kinds === undefined && extras === undefined && carriers === undefined ? jobs : [...jobs, kinds, extras, carriers];
}

export function compactResults({ first, values, results, last }: ResultsMessage): unknown[] {
  return last && results === undefined ? [first, values] : [first, values, results, last];
}

/** Any message to a thread, as it was before. */
export function expandedRun<Message>(message: Message): Message | RunMessage {
  if (!isArray(message)) return message;
  // By index: an iterator is the handlers' to change.
  return {
    type: 'run',
    first: message[0],
    kind: message[1],
    keys: message[2],
    inputs: message[3],
    maxAttempts: message[4],
    kinds: message[5],
    extras: message[6],
    carriers: message[7],
  };
}

/** Whatever a thread has sent; if it is results, as they were before. */
export function expandedResults(message: unknown): unknown {
  if (!isArray(message)) return message;
  const [first, values, results, last = true] = message;
  return { type: 'results', first, values, results, last };
}
