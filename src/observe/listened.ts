import { type Listened, type LogLevel, setListened } from '../threads/wire/log-levels.js';

/** What loggers may have beside their methods; pino has both. */
interface Leveled {
  isLevelEnabled?: (level: LogLevel) => boolean;
  on?: (event: 'level-change', changed: () => void) => void;
}

/** One for a logger, however many queues have it: so it is listened to once, for as long as it lives. */
const known = new WeakMap<object, Listened>();

/**
 * The levels that a logger takes, now and when its level is changed, by pino's `isLevelEnabled` and `level-change`. All of them where
 * it does not say, and without a logger: lines are kept in `job.logs`.
 */
export function listenedBy(logger: object | undefined): Listened {
  const before = logger && known.get(logger);
  if (before !== undefined) return before;
  const listened = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const look = () => setListened(listened, (level) => takes(logger, level));
  look();
  if (logger !== undefined) {
    known.set(logger, listened);
    follow(logger, look);
  }
  return listened;
}

function takes(logger: Leveled | undefined, level: LogLevel): boolean {
  try {
    return logger?.isLevelEnabled?.(level) ?? true;
  } catch {
    return true;
  }
}

function follow(logger: Leveled, changed: () => void): void {
  try {
    logger.on?.('level-change', changed);
  } catch {
    // It has a method of that name, and means something else by it.
  }
}
