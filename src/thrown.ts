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
