import { OptionsError } from '../errors/errors.js';
import { messageOf } from '../errors/thrown.js';
import type { AddOptions } from '../job/add-options.js';
import type { JobDefinition } from '../job/definition.js';
import type { GroupOptions } from '../job/group.js';

/** The options of a job of this input, with the key of its group where its definition has groups. Throws {@link OptionsError}. */
export function withGroup<Settings extends AddOptions>(
  definition: JobDefinition,
  input: unknown,
  settings: Settings | undefined,
): (Settings & { group?: string }) | undefined {
  const { group } = definition;
  if (group === undefined || settings?.group !== undefined) return settings;
  const key = keyOf(definition.name, group, input);
  return settings === undefined ? ({ group: key } as Settings & { group: string }) : { ...settings, group: key };
}

function keyOf(name: string, group: GroupOptions, input: unknown): string {
  let key: unknown;
  try {
    key = group.key(input);
  } catch (error) {
    throw new OptionsError(`the option "group.key" of job "${name}" threw: ${messageOf(error)}`, { jobName: name, cause: error });
  }
  if (typeof key === 'string') return key;
  throw new OptionsError(`the option "group.key" of job "${name}": expected a string, given ${key === null ? 'null' : typeof key}`, {
    jobName: name,
  });
}
