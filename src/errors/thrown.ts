/** A text for anything at all; never throws, whatever its `toString`, getters or proxies do. */
export function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return `${typeof value === 'function' ? 'a function' : 'an object'} without a text`;
  }
}

/** The message of an error, or a text for whatever else was thrown. Never throws. */
export function messageOf(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return textOf(thrown.message);
  } catch {
    // A proxy, or a getter that throws.
  }
  return textOf(thrown);
}

/** Whether `await` would wait for a value. Throws what its `then` throws when it is read. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as PromiseLike<unknown>).then === 'function';
}

/** Calls what is the user's: what it throws, or rejects with, goes to `failed` and does no harm. `failed` must not throw. */
export function callGuarded(call: () => unknown, failed: (error: unknown) => void): void {
  try {
    const answer = call();
    if (isThenable(answer)) Promise.resolve(answer).then(undefined, failed);
  } catch (error) {
    failed(error);
  }
}
