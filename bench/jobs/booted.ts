import type { StandardSchemaV1 } from '@standard-schema/spec';
import { defineJob } from 'threadmill/job';

type Input = { forever: boolean };
const schema: StandardSchemaV1<Input> = { '~standard': { version: 1, vendor: 'bench', validate: (value) => ({ value: value as Input }) } };

function run({ forever }: Input): number {
  // It takes no processor time: what a kill costs is left.
  if (forever) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  return 1;
}

/** A user's module that loads nothing else: what a thread costs beside it is the library's. */
export const nap = defineJob({
  name: 'nap',
  module: import.meta.url,
  input: schema,
  timeout: 20,
  maxAttempts: 1,
  run,
});

/** The same for Piscina. */
export default run;
