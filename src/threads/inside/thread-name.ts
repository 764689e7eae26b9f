import { writeFileSync } from 'node:fs';

/** Names this thread, as `top`, `ps` and `perf` show it; 15 characters of it. Linux has a file for that. */
export function nameThread(name: string): void {
  try {
    writeFileSync('/proc/thread-self/comm', name);
  } catch {
    // Elsewhere it has no name.
  }
}
