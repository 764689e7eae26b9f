import { NotCloneableError, OutputError } from '../../errors/errors.js';
import { messageOf } from '../../errors/thrown.js';
import type { JobDefinition } from '../../job/definition.js';
import { type Payload, pack } from '../../job/payload.js';
import { summary, validate } from '../../job/validate.js';
import { type Moved, movedOf, transfer } from './transfer.js';

/** What the output schema of a definition makes of a handler's result. Throws {@link OutputError}. */
export async function checkedOutput(definition: JobDefinition, output: unknown): Promise<unknown> {
  const moved = movedOf(output);
  const result = await validate(definition.output as NonNullable<JobDefinition['output']>, moved === undefined ? output : moved.result);
  if (result.issues === undefined) return moved === undefined ? result.value : transfer(result.value, moved.buffers);
  throw new OutputError(
    `the output schema of job "${definition.name}" refused the result: ${summary(result.issues, 'output')}`,
    result.issues,
  );
}

/** The error of a result that could not be cloned on its way back. */
export function notReturned(cause: unknown): NotCloneableError {
  return new NotCloneableError(`result cannot be sent to another thread: ${messageOf(cause)}`, { cause });
}

/** A result, or what `transfer` marked in it, made ready to be sent. Throws {@link NotCloneableError}. */
export function packOutput(output: unknown, moved: Moved | undefined): Payload {
  return pack(moved === undefined ? output : moved.result, 'result');
}
