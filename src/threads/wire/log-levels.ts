/** A bit for each level. */
const BITS = { trace: 1, debug: 2, info: 4, warn: 8, error: 16 } as const;

export type LogLevel = keyof typeof BITS;

export const LEVELS = Object.keys(BITS) as readonly LogLevel[];

/** Levels that somebody listens to, in memory that all threads of a queue see: lines that nobody takes are not made. */
export type Listened = Int32Array<SharedArrayBuffer>;

export function setListened(listened: Listened, listens: (level: LogLevel) => boolean): void {
  listened[0] = LEVELS.reduce((bits, level) => (listens(level) ? bits | BITS[level] : bits), 0);
}

export function isListened(listened: Listened, level: LogLevel): boolean {
  return ((listened[0] as number) & BITS[level]) !== 0;
}
