import { z } from 'zod';
import { OptionsError } from '../errors/errors.js';
import { shown, unknownOptions } from './checks.js';

/**
 * Checks options against a zod schema and fills in its defaults. Throws {@link OptionsError}, which says which option
 * is wrong, what was expected and what was given; unknown keys are refused by name. Schemas are lazy: made when they are
 * first needed, and not by every program that imports the package. What every program needs, and every thread, is checked by `checks.ts`.
 */
export function checkOptions<Schema extends z.ZodType>(schema: Schema, options: unknown, where: string): z.output<Schema> {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  const { shape = {} } = (schema instanceof z.ZodLazy ? schema.unwrap() : schema) as { shape?: object };
  const complaints = parsed.error.issues.map((issue) => complaint(issue, options, Object.keys(shape)));
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
