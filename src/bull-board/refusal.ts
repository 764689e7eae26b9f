import { ThreadmillError } from '../index.js';
import { messageOf } from '../internals.js';

/** How long the page waits for room in a full queue, in milliseconds. */
const PATIENCE = 5_000;

/** What the page asked for cannot be done: bull-board answers with the status and shows the message. */
export class Refusal extends Error {
  readonly statusCode: number;
  constructor(message: string, statusCode = 400) {
    super(message);
    this.name = 'Refusal';
    this.statusCode = statusCode;
  }
}

/** Does what the page asked for; what the queue refuses becomes a {@link Refusal}. The signal ends waiting for room. */
export async function orRefuse<Result>(act: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort('there was no room for it'), PATIENCE);
  try {
    return await act(patience.signal);
  } catch (error) {
    throw error instanceof ThreadmillError || error instanceof RangeError ? new Refusal(messageOf(error)) : error;
  } finally {
    clearTimeout(timer);
  }
}
