/** What the threads print, as the log has it. */
const lines: { text: string; job?: string; jobId?: string }[] = [];
export const printed = (text: string) => lines.filter((line) => line.text === text);

const note = (fields: object, text = '') => void lines.push({ text, ...fields });
export const logger = { trace: note, debug: note, info: note, warn: note, error: note };
