import { ModuleError } from '../../errors.js';
import { isDefinition, type JobDefinition } from '../../job/definition.js';
import { messageOf } from '../../thrown.js';
import type { KindMessage } from '../wire/protocol.js';

/** Imports the module of a definition and finds the export that is it. Throws {@link ModuleError}. */
export async function loadDefinition({ name, module }: KindMessage): Promise<JobDefinition> {
  try {
    return find(name, module, await import(module));
  } catch (error) {
    if (error instanceof ModuleError) throw error;
    throw new ModuleError(`the module of job "${name}" failed to load: ${messageOf(error)} (${module})${hint(module, error)}`, {
      cause: error,
    });
  }
}

function find(name: string, module: string, exports: Record<string, unknown>): JobDefinition {
  const found: string[] = [];
  for (const [key, value] of Object.entries(exports)) {
    if (isDefinition(value)) {
      if (value.name === name) return value;
      found.push(`${key} (job "${value.name}")`);
    } else found.push(key);
  }
  const what = found.length > 0 ? `it exports ${found.join(', ')}` : 'it exports nothing';
  throw new ModuleError(
    `${module} exports no definition of a job called "${name}": ${what}. Export what defineJob returns from the file that \`module\` names.`,
  );
}

function hint(module: string, error: unknown): string {
  const unknownExtension = (error as { code?: string } | null)?.code === 'ERR_UNKNOWN_FILE_EXTENSION';
  if (!unknownExtension || !/\.[cm]?tsx?$/.test(module)) return '';
  return (
    '. This Node.js does not load TypeScript in threads (`node --import tsx` does not reach them): compile it first, use Node.js 22.18 or later, ' +
    "or give the queue `worker: { execArgv: ['--import', './tsx.js'] }`, where tsx.js is: import { register } from 'tsx/esm/api'; register();"
  );
}
