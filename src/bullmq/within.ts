import * as internals from '../internals.js';

/** How long Redis may take for each of its last answers when a queue closes, in milliseconds: it may be away. */
export const CLOSE_TIMEOUT = 2_000;

/** Resolves when a promise has settled, however, or so many milliseconds are over. */
export async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = internals.timers.setTimeout(resolve, ms);
  });
  await Promise.race([promise.catch(() => {}), late]);
  internals.timers.clearTimeout(timer);
}
