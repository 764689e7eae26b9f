import { EXIT } from './exit.js';

/** Ctrl-C as a signal. */
export interface Interrupt extends Disposable {
  /** Aborted by the first Ctrl-C; the second one ends the process at once. */
  readonly signal: AbortSignal;
}

/** Takes over SIGINT until disposed. */
export function onInterrupt(): Interrupt {
  const controller = new AbortController();
  const listener = () => {
    if (controller.signal.aborted) process.exit(EXIT.INTERRUPTED);
    controller.abort();
  };
  process.on('SIGINT', listener);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => void process.off('SIGINT', listener),
  };
}
