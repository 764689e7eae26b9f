import type { HandlerMessage, Position } from './protocol.js';

/** What one job may log in every second; lines beyond it are dropped and counted. */
export const LOG_BUDGET = { count: 3_000, bytes: 2 * 1024 * 1024 };

/** The line that says that some are missing. */
export function droppedLines(position: Position, count: number): HandlerMessage {
  return { type: 'log', position, level: 'warn', args: [droppedText(count)] };
}

export function droppedText(count: number): string {
  const budget = `${LOG_BUDGET.count} lines and ${LOG_BUDGET.bytes / 1024 / 1024} MB a second`;
  return `${count} log lines of this job were dropped: a job may log ${budget}, and no faster than they are read`;
}
