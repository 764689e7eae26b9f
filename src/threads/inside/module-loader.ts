import { existsSync } from 'node:fs';
import { ModuleError } from '../../errors/errors.js';
import { RUNTIMES_GUIDE } from '../../errors/guides.js';
import { messageOf } from '../../errors/thrown.js';
import { hearDefined } from '../../job/defined.js';
import { isDefinition, type JobDefinition } from '../../job/definition.js';
import type { KindMessage } from '../wire/protocol.js';
import { compiledAddress, compilerHint, importCompiled } from './typescript.js';

/** Finds definitions: each was made while a module was imported, exported or not. */
export class ModuleLoader {
  /** All that were made in this thread, in their order. */
  readonly #defined: JobDefinition[] = [];

  constructor() {
    hearDefined((definition) => {
      this.#defined[this.#defined.length] = definition as JobDefinition;
    });
  }

  /** Imports the module of a definition and gives the one that it defines. Throws {@link ModuleError}. */
  async load({ name, module }: KindMessage): Promise<JobDefinition> {
    const before = this.#defined.length;
    try {
      return this.#find(name, module, before, await importCompiled(module));
    } catch (error) {
      if (error instanceof ModuleError) throw error;
      // A part of what it wanted to define is nothing.
      this.#defined.length = before;
      throw new ModuleError(
        `the module of job "${name}" failed to load: ${messageOf(error)} (${module})${compilerHint(module, error) || bundlerHint(module)}`,
        {
          cause: error,
        },
      );
    }
  }

  /** Those that say to be of this module come first; then those that came with it, whatever a bundler made of its address. */
  #find(name: string, module: string, before: number, exports: object): JobDefinition {
    const own = this.#defined.filter((definition) => definition.module === module || definition.module === compiledAddress(module));
    const found = one(name, module, own) ?? one(name, module, this.#defined.slice(before)) ?? one(name, module, definitionsIn(exports));
    if (found !== undefined) return found;
    const all = [...own, ...this.#defined.slice(before), ...definitionsIn(exports)];
    throw new ModuleError(
      `${module} has no definition of a job called "${name}": ${contents(all, exports)}. Call defineJob while the file that \`module\` names is loaded.`,
    );
  }
}

/** What to do where there is no such file; empty elsewhere. */
function bundlerHint(module: string): string {
  if (!module.startsWith('file:') || existsSync(new URL(module))) return '';
  return `. There is no such file: did a bundler write it, or was it not copied? See ${RUNTIMES_GUIDE}`;
}

function one(name: string, module: string, definitions: readonly JobDefinition[]): JobDefinition | undefined {
  const [found, second] = new Set(definitions.filter((definition) => definition.name === name));
  if (second !== undefined) throw new ModuleError(`${module} defines two jobs called "${name}": names are unique.`);
  return found;
}

/** Also those of a namespace, or of an object such as `module.exports`. */
function definitionsIn(exports: object): JobDefinition[] {
  const values = Object.values(exports);
  const deeper = values.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  return [...values, ...deeper].filter(isDefinition);
}

function contents(definitions: readonly JobDefinition[], exports: object): string {
  const names = [...new Set(definitions.map(({ name }) => `"${name}"`))];
  if (names.length > 0) return `it defines ${names.join(', ')}`;
  const keys = Object.keys(exports);
  return keys.length > 0 ? `it defines none, it exports ${keys.join(', ')}` : 'it exports nothing';
}
