import type { StandardSchemaV1 } from '@standard-schema/spec';
import { boolean, type Check, checked, count, functionOf, number, object, oneOf, optional, orInfinity, such } from '../checks/checks.js';
import { checkBackoff } from './backoff.js';
import { checkCodec } from './codec.js';
import { tellDefined } from './defined.js';
import { BRAND, type DefinedJob, type DefineJobOptions, type HandlerResult, type JobDefinition } from './definition.js';
import { checkGroup } from './group.js';
import { checkModule } from './module-url.js';

/** Longest limit that can be asked for, in milliseconds: 24.8 days, what one timer holds. */
const MAX_MS = 2_147_483_647;

/** Checks that hold for the definition and for a single job; also used by `add`. */
export const jobLimits = {
  timeout: number(1, MAX_MS),
  maxAttempts: count,
  deadLetter: boolean,
  backoff: checkBackoff,
  priority: number(),
  maxWait: number(1, MAX_MS),
};

const name: Check<string> = (value, refuse) => {
  if (typeof value !== 'string') refuse('expected string');
  else if (!/^[A-Za-z0-9][\w.-]*$/.test(value)) refuse('expected a letter or digit, then letters, digits, "_", "." or "-"');
  return value;
};

const schema = such<StandardSchemaV1>(
  (value) => typeof value?.['~standard']?.validate === 'function',
  'expected a Standard Schema validator, such as a zod, valibot or arktype schema',
);

const definitionOptions = object({
  name,
  module: checkModule,
  input: schema,
  output: optional(schema),
  run: functionOf(' (input, context) => result'),
  setup: optional(functionOf(' ({ data }) => resource')),
  teardown: optional(functionOf(' (resource) => …')),
  timeout: optional(jobLimits.timeout, 30_000),
  loadTimeout: optional(number(1, MAX_MS), 30_000),
  gracePeriod: optional(number(0, MAX_MS), 0),
  maxAttempts: optional(jobLimits.maxAttempts),
  deadLetter: optional(jobLimits.deadLetter),
  backoff: (value, refuse) => jobLimits.backoff(value ?? { type: 'exponential' }, refuse),
  priority: optional(jobLimits.priority, 0),
  concurrency: optional(orInfinity(count), Number.POSITIVE_INFINITY),
  rateLimit: optional(object({ max: count, duration: number(1, MAX_MS) })),
  maxWait: optional(jobLimits.maxWait),
  delivery: optional(oneOf('at-least-once', 'at-most-once'), 'at-least-once'),
  group: optional(checkGroup),
  codec: optional(checkCodec),
});

/**
 * Defines a job: a name, an input schema and a handler that runs in a thread. The thread imports the file named by `module`,
 * which defines the job as it is loaded, and calls `run`. Input and output types flow from the schema and `run`.
 * Throws `OptionsError` when an option is wrong or unknown.
 */
export function defineJob<
  Input extends StandardSchemaV1,
  Result extends HandlerResult<Output>,
  Output extends StandardSchemaV1 | undefined = undefined,
  Resource = unknown,
>(
  options: DefineJobOptions<Input, Result, Output, Resource>,
): DefinedJob<
  StandardSchemaV1.InferInput<Input>,
  StandardSchemaV1.InferOutput<Input>,
  Output extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<Output> : Awaited<Result>
>;
export function defineJob(options: object): JobDefinition {
  const taken = checked(definitionOptions, options, 'defineJob');
  const once = taken.delivery === 'at-most-once';
  if (once) {
    checked(object({ maxAttempts: optional(oneOf(1)) }), { maxAttempts: taken.maxAttempts }, 'defineJob with delivery "at-most-once"');
  }
  const { maxAttempts = once ? 1 : undefined, deadLetter } = taken;
  const awaited = Object.freeze({ maxAttempts: maxAttempts ?? 1, deadLetter: deadLetter ?? false });
  const definition = {
    output: undefined,
    setup: undefined,
    teardown: undefined,
    rateLimit: undefined,
    maxWait: undefined,
    group: undefined,
    codec: undefined,
    ...taken,
  };
  // Not enumerable where it was not said: a copy made by spreading says no more than its original.
  const alone = { maxAttempts: maxAttempts ?? 4, deadLetter: deadLetter ?? true };
  for (const [key, value] of Object.entries({ ...alone, awaited })) {
    Object.defineProperty(definition, key, { value, enumerable: taken[key] !== undefined });
  }
  Object.defineProperty(definition, BRAND, { value: true });
  tellDefined(Object.freeze(definition));
  return definition as unknown as JobDefinition;
}
