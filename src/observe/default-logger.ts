import { createRequire } from 'node:module';
import type * as Pino from 'pino';
import type { LogLevel } from '../threads/wire/log-levels.js';
import { setImmediate } from '../time/timers.js';

/** Where it writes: what a program prints on stdout may be its output. */
const STDERR = 2;
const LEVELS: readonly LogLevel[] = ['info', 'warn', 'error'];

/**
 * pino at level `info`, to stderr. It takes a good part of the time that the package takes to load, and programs with a logger of their
 * own need none: so it is loaded with the first queue that wants it, while the threads of that boot.
 */
export function defaultLogger() {
  let logger: Pino.Logger | undefined;
  const loaded = () => {
    if (logger === undefined) {
      const { pino } = createRequire(import.meta.url)('pino') as typeof Pino;
      logger = pino({ name: 'threadmill' }, pino.destination(STDERR));
    }
    return logger;
  };
  setImmediate(loaded);
  const at =
    (level: LogLevel) =>
    (fields: object, message?: string): void =>
      loaded()[level](fields, message);
  const nothing = () => {};
  return {
    trace: nothing,
    debug: nothing,
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    isLevelEnabled: (level: LogLevel) => LEVELS.includes(level),
  };
}
