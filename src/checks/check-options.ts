import { z } from 'zod';
import { OptionsError } from '../errors/errors.js';
import { shown, unknownOptions } from './checks.js';

/**
 * Checks options against a zod schema and fills in its defaults. Throws {@link OptionsError}, which says which option
 * is wrong, what was expected and what was given; unknown keys are refused by name. The schemas of a queue are lazy: made when
 * they are first needed, and not by every program that imports the package.
 */
export function checkOptions<Schema extends z.ZodType>(schema: Schema, options: unknown, where: string): z.output<Schema> {
  const { shape = {} } = (schema instanceof z.ZodLazy ? schema.unwrap() : schema) as { shape?: object };
  return parsed(schema, options, where, Object.keys(shape));
}

type Given<Checks extends Record<string, () => z.ZodType>> = { [Key in keyof Checks]?: z.output<ReturnType<Checks[Key]>> };

/**
 * As {@link checkOptions}, for options that are many: the schemas are made of those only that are given, and defaults are not filled in.
 */
export function checkGiven<Checks extends Record<string, () => z.ZodType>>(checks: Checks, options: object, where: string): Given<Checks> {
  const known = Object.keys(checks);
  const isObject = typeof options === 'object' && options !== null && !Array.isArray(options);
  const values = (isObject ? options : {}) as Record<string, unknown>;
  const given = known.filter((key) => values[key] !== undefined);
  const unknown = Object.keys(values).filter((key) => !known.includes(key));
  const schema = z.strictObject(Object.fromEntries(given.map((key) => [key, (checks[key] as () => z.ZodType)()])));
  const input = isObject ? Object.fromEntries([...given, ...unknown].map((key) => [key, values[key]])) : options;
  return parsed(schema, input, where, known) as Given<Checks>;
}

function parsed<Schema extends z.ZodType>(schema: Schema, options: unknown, where: string, known: readonly string[]): z.output<Schema> {
  // Few of these are checked twice: zod need not write a function for them.
  const parsed = schema.safeParse(options, { jitless: true });
  if (parsed.success) return parsed.data;
  const complaints = parsed.error.issues.map((issue) => complaint(issue, options, known));
  throw new OptionsError(`${where}: ${complaints.join('; ')}`, { cause: parsed.error });
}

function complaint(issue: z.core.$ZodIssue, options: unknown, known: readonly string[]): string {
  if (issue.code === 'unrecognized_keys') {
    const where = issue.path.length > 0 ? ` in "${issue.path.join('.')}"` : '';
    return `${unknownOptions(issue.keys, where === '' ? known : [])}${where}`;
  }
  const given = issue.path.reduce((value: any, key) => value?.[key], options);
  const option = issue.path.length > 0 ? `option "${issue.path.join('.')}": ` : 'options: ';
  return `${option}${issue.message.replace(/^Invalid input: /, '').replace(/, received .*$/, '')}, given ${shown(given)}`;
}
