import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { defineJob, type JobDefinition, type JobOptions, OptionsError } from '../index.js';
import * as internals from '../internals.js';
import { UsageError } from './exit.js';

/** Imports a file and finds the definition called `name`; without a name, the only one there is. Throws {@link UsageError}. */
export async function definitionIn(file: string, name: string | undefined): Promise<JobDefinition> {
  const path = resolve(file);
  if (!existsSync(path)) throw new UsageError(`${file}: there is no such file`);
  const found = definitionsOf(await load(file, path));
  const names = [...found.keys()].join(', ');
  if (found.size === 0) throw new UsageError(`${file} exports no job definition; export what defineJob returns`);
  if (name === undefined) {
    if (found.size > 1) throw new UsageError(`${file} exports several job definitions: choose with --job one of ${names}`);
    return [...found.values()][0] as JobDefinition;
  }
  const definition = found.get(name);
  if (definition === undefined) throw new UsageError(`${file} exports no job called "${name}"; it exports ${names}`);
  return definition;
}

async function load(file: string, path: string): Promise<Record<string, unknown>> {
  try {
    return await internals.importCompiled(pathToFileURL(path).href);
  } catch (error) {
    throw new UsageError(`${file} failed to load: ${internals.messageOf(error)}${internals.compilerHint(file, error)}`, { cause: error });
  }
}

function definitionsOf(exports: Record<string, unknown>): Map<string, JobDefinition> {
  const found = new Map<string, JobDefinition>();
  for (const value of Object.values(exports)) {
    if (internals.isDefinition(value) && !found.has(value.name)) found.set(value.name, value);
  }
  return found;
}

/** The same job with other options, where they are given; the threads run the same handler. Throws {@link UsageError}. */
export function withOptions(definition: JobDefinition, changes: Partial<JobOptions>): JobDefinition {
  const options = { ...definition, ...withoutUndefined(changes) };
  try {
    return defineJob(withoutUndefined(options) as never) as JobDefinition;
  } catch (error) {
    if (error instanceof OptionsError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

/** What is absent in options is `undefined` or, for a limit, Infinity in a definition. */
function withoutUndefined(options: object): object {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined && value !== Number.POSITIVE_INFINITY));
}
