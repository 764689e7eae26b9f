import { attachJob, InputError, InputTooLargeError } from './errors.js';
import type { JobDefinition } from './job/definition.js';
import { type Payload, pack } from './job/payload.js';
import { type Checked, summary } from './job/validate.js';

/**
 * What is sent for an input: the schema's output, ready to cross to a thread. `root` names it in messages.
 * Throws `InputError`, `NotCloneableError` or `InputTooLargeError`.
 */
export function payloadOf({ name: jobName }: JobDefinition, checked: Checked, root: string, maxBytes: number): unknown {
  if (checked.issues !== undefined) {
    throw new InputError(`the input of job "${jobName}" is invalid: ${summary(checked.issues, root)}`, checked.issues, { jobName });
  }
  const { value, bytes } = packed(checked.value, root, jobName);
  if (bytes > maxBytes) {
    throw new InputTooLargeError(
      `the input of job "${jobName}" takes about ${bytes} bytes, more than maxInputBytes (${maxBytes}). Send a reference, such as a path or a key, put the bytes in a SharedArrayBuffer, or raise maxInputBytes.`,
      { jobName },
    );
  }
  return value;
}

function packed(value: unknown, root: string, jobName: string): Payload {
  try {
    return pack(value, root);
  } catch (error) {
    attachJob(error, { jobName });
    throw error;
  }
}
