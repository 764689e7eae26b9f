import { OptionsError } from '../errors.js';
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

  /** The kind of a definition, made when it is new. Throws {@link OptionsError} when it is none, or its name is taken. */
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
    const { name, module } = definition;
    const known = this.#byName.get(name);
    if (known !== undefined && known.definition.module !== module) {
      throw new OptionsError(
        `two definitions are called "${name}": one of ${known.definition.module}, one of ${module}. Names are unique in a queue.`,
      );
    }
    const kind = known ?? new JobKind(definition, this.#byName.size, this.#owner, this.#counts);
    this.#byName.set(name, kind);
    this.#byDefinition.set(definition, kind);
    return kind;
  }
}
