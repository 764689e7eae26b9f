import type { HandlerMessage, Position } from './protocol.js';

/** What one job may log in every second; lines beyond it are dropped and counted. */
export const LOG_BUDGET = { count: 3_000, bytes: 2 * 1024 * 1024 };

/** The line that says that some are missing. */
export function droppedLines(position: Position, count: number): HandlerMessage {
  const budget = `${LOG_BUDGET.count} lines and ${LOG_BUDGET.bytes / 1024 / 1024} MB a second`;
  const text = `${count} log lines of this job were dropped: a job may log ${budget}, and no faster than they are read`;
  return { type: 'log', position, level: 'warn', args: [text] };
}
