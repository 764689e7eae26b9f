import type { StandardSchemaV1 } from '@standard-schema/spec';
import { isThenable } from '../errors/thrown.js';

/** What a Standard Schema validator said. Exactly one of `issues` and `value` counts. */
export type Checked = { issues: undefined; value: unknown } | { issues: readonly StandardSchemaV1.Issue[]; value?: undefined };

/** Parses a value with any Standard Schema; a promise only when the validator gives one, or another thenable. Throws what the validator throws. */
export function validate(schema: StandardSchemaV1, value: unknown): Checked | Promise<Checked> {
  const checked = schema['~standard'].validate(value) as Checked | PromiseLike<Checked>;
  return isThenable(checked) ? (Promise.resolve(checked) as Promise<Checked>) : checked;
}

/** The issues in one line: `path: Expected string, received number; …`. */
export function summary(issues: readonly StandardSchemaV1.Issue[], root: string): string {
  return issues.map((issue) => `${pathOf(issue, root)}: ${issue.message}`).join('; ');
}

function pathOf({ path = [] }: StandardSchemaV1.Issue, root: string): string {
  return path.reduce<string>((text, segment) => {
    const key = typeof segment === 'object' ? segment.key : segment;
    return typeof key === 'number' ? `${text}[${key}]` : `${text}.${String(key)}`;
  }, root);
}
