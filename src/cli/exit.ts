/** What the process ends with. Stable: scripts rely on it. */
export const EXIT = {
  OK: 0,
  /** Some jobs failed. */
  FAILED: 1,
  /** Nothing was run: a wrong argument, a file or a module that cannot be read. */
  USAGE: 2,
  /** Stopped by Ctrl-C; what there was is written. */
  INTERRUPTED: 130,
} as const;

/** The command cannot be run as it was given. The message is for the person at the shell: no stack is printed. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
