import { NotCloneableError, OptionsError } from '../../errors/errors.js';
import { isDetached } from '../../job/views.js';

// One symbol for all copies of the package, as for definitions.
const mark = Symbol.for('threadmill.transfer');

/** A result on its way out of a handler, with the buffers that are moved. */
export interface Moved {
  readonly [mark]: true;
  readonly result: unknown;
  readonly buffers: readonly ArrayBuffer[];
}

/**
 * Marks a handler's result: `buffers`, which are part of it, are moved to the caller instead of copied. To be returned
 * as it is; what the caller gets, and what an output schema checks, is `result`. The handler must not use the buffers
 * afterwards, nor keep them for other jobs: they are empty. A SharedArrayBuffer needs no moving, it is never copied.
 * Throws {@link OptionsError} when a buffer is none, and {@link NotCloneableError} when it was moved before.
 */
export function transfer<Result>(result: Result, buffers: readonly ArrayBuffer[]): Result {
  for (const buffer of buffers) {
    if (!(buffer instanceof ArrayBuffer)) {
      throw new OptionsError(
        `transfer: expected ArrayBuffers (of a typed array, its "buffer"), given ${Object.prototype.toString.call(buffer)}`,
      );
    }
    if (isDetached(buffer)) throw new NotCloneableError('transfer: the buffer was moved before; make a new one for each job');
  }
  const moved: Moved = { [mark]: true, result, buffers };
  return moved as Result;
}

/** What {@link transfer} marked, or `undefined` for any other result. */
export function movedOf(output: unknown): Moved | undefined {
  return typeof output === 'object' && output !== null && Object.hasOwn(output, mark) ? (output as Moved) : undefined;
}
