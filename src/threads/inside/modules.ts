import type { JobDefinition } from '../../job/definition.js';
import { encodeThrown } from '../wire/error-codec.js';
import type { Encoded, FromThread, KindMessage } from '../wire/protocol.js';
import { PHASE } from '../wire/shared-memory.js';
import { link } from './link.js';
import type { Habit } from './meter.js';
import { ModuleLoader } from './module-loader.js';
import { type Charge, Resources } from './resources.js';
import type { Status } from './status.js';

/** All are its own: `Object.prototype` may have any. */
export type Loaded = Habit &
  ({ definition: JobDefinition; resource: unknown; error: undefined } | { definition: undefined; resource: undefined; error: Encoded });

/** The kinds that the thread was told of, and their definitions, each loaded once. */
export class Modules {
  readonly #status: Status;
  readonly #charge: Charge;
  readonly #loader = new ModuleLoader();
  readonly #kinds: KindMessage[] = [];
  readonly #loaded: Loaded[] = [];
  /** Those whose jobs can run: what they need is set up. */
  readonly #ready: Loaded[] = [];
  readonly #resources: Resources;
  readonly #onLoaded: () => void;

  /** `data`: for `setup`. `onLoaded`: the first module was loaded, or one that is to be there for later jobs, or it has failed to. */
  constructor(status: Status, charge: Charge, data: unknown, onLoaded: () => void) {
    this.#resources = new Resources(data, charge);
    this.#status = status;
    this.#charge = charge;
    this.#onLoaded = onLoaded;
  }

  add(kind: KindMessage): void {
    this.#kinds[kind.index] = kind;
  }

  kind(index: number): KindMessage {
    return this.#kinds[index] as KindMessage;
  }

  /** What has come of loading it and setting it up, if that was done. */
  at(index: number): Loaded | undefined {
    return this.#ready[index];
  }

  /** Loads it, and sets up what it needs; a `setup` that failed is tried again by the next job. */
  async prepare(index: number): Promise<Loaded> {
    const isFirst = this.#loaded.length === 0;
    const loaded = this.#loaded[index] ?? (await this.load(index));
    if (isFirst) this.#onLoaded();
    const ready = loaded.definition?.setup === undefined ? loaded : await this.#setUp(loaded.definition);
    if (ready.error === undefined || ready === loaded) this.#ready[index] = ready;
    return ready;
  }

  /** Loads kinds before any job runs. Gives what failed. */
  async preload(kinds: readonly KindMessage[], begins: (kind: number) => void): Promise<{ kind: number; error: Encoded }[]> {
    const failures: { kind: number; error: Encoded }[] = [];
    for (const kind of kinds) {
      this.add(kind);
      begins(kind.index);
      const { error } = await this.load(kind.index);
      if (error !== undefined) failures.push({ kind: kind.index, error });
    }
    return failures;
  }

  /** Loads a kind that jobs may be of later. Whether that has gone well they will say. */
  async warm(kind: KindMessage): Promise<void> {
    this.add(kind);
    await this.load(kind.index);
    this.#onLoaded();
  }

  /** What was set up is torn down; what fails is told like an error that nobody caught. */
  end(send: (message: FromThread) => void): Promise<void> {
    return this.#resources.end(({ name }, error) => {
      send({ type: 'late-error', jobId: undefined, jobName: name, error: encodeThrown(error) });
    });
  }

  async load(index: number): Promise<Loaded> {
    const kind = this.kind(index);
    const load = async () => ({ definition: await this.#loader.load(kind), resource: undefined });
    const loaded = await this.#attempt(kind.name, load, () => link(kind.module));
    this.#loaded[index] = loaded;
    return loaded;
  }

  #setUp(definition: JobDefinition): Promise<Loaded> {
    return this.#attempt(definition.name, async () => ({ definition, resource: await this.#resources.of(definition) }));
  }

  /** `before`: what is nobody's. */
  async #attempt(
    name: string,
    make: () => Promise<{ definition: JobDefinition; resource: unknown }>,
    before?: () => Promise<void>,
  ): Promise<Loaded> {
    this.#status.tick();
    this.#status.enter(PHASE.LOADING);
    try {
      await before?.();
      return { ...(await this.#charge(name, make)), error: undefined, brief: 0 };
    } catch (error) {
      return { definition: undefined, resource: undefined, error: encodeThrown(error), brief: 0 };
    } finally {
      this.#status.leave();
      this.#status.tick();
    }
  }
}
