import { isDeepStrictEqual } from 'node:util';
import { shown } from '../checks/checks.js';
import { OptionsError } from '../errors/errors.js';
import { isDefinition, type JobDefinition } from './definition.js';
import { type Counts, JobKind, type JobOwner } from './kind.js';

/** The definitions a queue knows. */
export class Kinds {
  readonly #owner: JobOwner;
  readonly #counts: Counts;
  readonly #byName = new Map<string, JobKind>();
  readonly #byDefinition = new Map<JobDefinition, JobKind>();
  /** The definition asked for last, and its kind: often it is asked for again. */
  #recent: JobDefinition | undefined;
  #recentKind: JobKind | undefined;

  /** `counts`: of the jobs of all definitions. */
  constructor(owner: JobOwner, counts: Counts) {
    this.#owner = owner;
    this.#counts = counts;
  }

  [Symbol.iterator](): Iterator<JobKind> {
    return this.#byName.values();
  }

  named(name: string): JobKind | undefined {
    return this.#byName.get(name);
  }

  /** The kind of a definition, made when it is new. Throws {@link OptionsError} when it is none, or its name is taken by another. */
  of(definition: JobDefinition): JobKind {
    if (this.#recentKind !== undefined && definition === this.#recent) return this.#recentKind;
    const kind = this.#byDefinition.get(definition) ?? this.#learn(definition);
    this.#recent = definition;
    this.#recentKind = kind;
    return kind;
  }

  #learn(definition: JobDefinition): JobKind {
    if (!isDefinition(definition)) {
      throw new OptionsError(`expected a definition from defineJob, given ${definition === null ? 'null' : typeof definition}`);
    }
    const { name } = definition;
    const known = this.#byName.get(name);
    if (known !== undefined) refuseOther(known.definition, definition);
    const kind = known ?? new JobKind(definition, this.#byName.size, this.#owner, this.#counts);
    this.#byName.set(name, kind);
    this.#byDefinition.set(definition, kind);
    return kind;
  }
}

/** What differs where a module is loaded twice: these are made anew each time. */
const MADE_ANEW: readonly string[] = ['input', 'output', 'run', 'setup', 'teardown', 'codec'];

/** Throws {@link OptionsError} when two definitions of one name are not the same one, loaded twice: only the options of one could hold. */
function refuseOther(known: JobDefinition, other: JobDefinition): void {
  if (known.module !== other.module) {
    throw new OptionsError(
      `two definitions are called "${known.name}": one of ${known.module}, one of ${other.module}. Names are unique in a queue.`,
    );
  }
  const options = new Set([...Object.keys(known), ...Object.keys(other)]) as Set<keyof JobDefinition>;
  for (const option of options) {
    if (MADE_ANEW.includes(option) || isSame(known[option], other[option])) continue;
    throw new OptionsError(
      `two definitions are called "${known.name}", with different options: "${option}" is ${shown(known[option])} in the one that the queue knows, ${shown(other[option])} in the other. Names are unique in a queue; what differs from job to job is an option of add.`,
    );
  }
}

function isSame(one: unknown, other: unknown): boolean {
  if (typeof one === 'function' && typeof other === 'function') return String(one) === String(other);
  return isDeepStrictEqual(one, other);
}
