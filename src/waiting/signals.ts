/** Signals given to `add`: one listener each, however many jobs share it, and none once its last job has ended. */
export class Signals<Held> {
  // Weak: who breaks off without a word, such as a generator that is let go, is let go with its signal.
  readonly #watched = new WeakMap<AbortSignal, { held: Set<Held>; listener: () => void }>();
  readonly #aborted: (held: Held, reason: unknown) => void;

  constructor(aborted: (held: Held, reason: unknown) => void) {
    this.#aborted = aborted;
  }

  watch(one: Held, signal: AbortSignal): void {
    const watched = this.#watched.get(signal);
    if (watched !== undefined) {
      watched.held.add(one);
      return;
    }
    const held = new Set([one]);
    const listener = () => {
      this.#watched.delete(signal);
      for (const each of held) this.#aborted(each, signal.reason);
    };
    signal.addEventListener('abort', listener, { once: true });
    this.#watched.set(signal, { held, listener });
  }

  forget(one: Held, signal: AbortSignal): void {
    const watched = this.#watched.get(signal);
    if (watched === undefined) return;
    watched.held.delete(one);
    if (watched.held.size > 0) return;
    signal.removeEventListener('abort', watched.listener);
    this.#watched.delete(signal);
  }
}
