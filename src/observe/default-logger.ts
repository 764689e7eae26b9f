import type { Logger } from 'pino';
import { messageOf } from '../errors/thrown.js';

/** Where it writes: what a program prints on stdout may be its output. */
const STDERR = 2;

type Line = [level: 'info' | 'warn' | 'error', fields: object, message: string | undefined];

/**
 * pino at level `info`, to stderr. It is loaded when a queue is made that needs it, while threads boot, and not by every program
 * that imports the package; lines that come earlier wait for it.
 */
export class DefaultLogger {
  #pino: Logger | undefined;
  #early: Line[] | undefined = [];

  constructor() {
    import('pino')
      .then(({ pino }) => this.#loaded(pino({ name: 'threadmill' }, pino.destination(STDERR)) as Logger))
      .catch((error) => {
        this.#early = undefined;
        process.emitWarning(`pino cannot be loaded, so nothing is logged: ${messageOf(error)}`, 'ThreadmillWarning');
      });
  }

  isLevelEnabled(level: string): boolean {
    return level !== 'trace' && level !== 'debug';
  }

  trace(): void {}

  debug(): void {}

  info(fields: object, message?: string): void {
    this.#write('info', fields, message);
  }

  warn(fields: object, message?: string): void {
    this.#write('warn', fields, message);
  }

  error(fields: object, message?: string): void {
    this.#write('error', fields, message);
  }

  #loaded(pino: Logger): void {
    this.#pino = pino;
    for (const line of this.#early ?? []) this.#write(...line);
    this.#early = undefined;
  }

  #write(...line: Line): void {
    const [level, fields, message] = line;
    if (this.#pino === undefined) this.#early?.push(line);
    else this.#pino[level](fields, message);
  }
}
