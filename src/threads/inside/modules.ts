import type { JobDefinition } from '../../job/definition.js';
import { encodeThrown } from '../wire/error-codec.js';
import type { Encoded, KindMessage } from '../wire/protocol.js';
import { PHASE } from '../wire/shared-memory.js';
import { ModuleLoader } from './module-loader.js';
import type { Status } from './status.js';

/** Both are its own: `Object.prototype` may have either. */
export type Loaded = { definition: JobDefinition; error: undefined } | { definition: undefined; error: Encoded };

/** Runs something so that what it leaves behind is charged to a module. */
type Charge = (name: string, load: () => Promise<JobDefinition>) => Promise<JobDefinition>;

/** The kinds that the thread was told of, and their definitions, each loaded once. */
export class Modules {
  readonly #status: Status;
  readonly #charge: Charge;
  readonly #loader = new ModuleLoader();
  readonly #kinds: KindMessage[] = [];
  readonly #loaded: Loaded[] = [];

  constructor(status: Status, charge: Charge) {
    this.#status = status;
    this.#charge = charge;
  }

  add(kind: KindMessage): void {
    this.#kinds[kind.index] = kind;
  }

  kind(index: number): KindMessage {
    return this.#kinds[index] as KindMessage;
  }

  /** What has come of loading it, if that was done. */
  at(index: number): Loaded | undefined {
    return this.#loaded[index];
  }

  async load(index: number): Promise<Loaded> {
    this.#status.tick();
    this.#status.enter(PHASE.LOADING);
    const kind = this.kind(index);
    let loaded: Loaded;
    try {
      loaded = { definition: await this.#charge(kind.name, () => this.#loader.load(kind)), error: undefined };
    } catch (error) {
      loaded = { definition: undefined, error: encodeThrown(error) };
    }
    this.#loaded[index] = loaded;
    this.#status.leave();
    this.#status.tick();
    return loaded;
  }
}
