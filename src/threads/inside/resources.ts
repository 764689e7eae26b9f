import type { JobDefinition } from '../../job/definition.js';

/** Runs something so that what it leaves behind, and what it prints, is charged to a definition. */
export type Charge = <Made>(name: string, make: () => Promise<Made>) => Promise<Made>;

/** What the `setup` of definitions has made in this thread. */
export class Resources {
  readonly #data: unknown;
  readonly #charge: Charge;
  readonly #made: { definition: JobDefinition; resource: unknown }[] = [];

  /** `data`: what each `setup` is given. */
  constructor(data: unknown, charge: Charge = (_name, make) => make()) {
    this.#data = data;
    this.#charge = charge;
  }

  /** The resource of a definition, made when it is asked for first. Rejects with what its `setup` throws; then it is tried again. */
  async of(definition: JobDefinition): Promise<unknown> {
    const made = this.#made.find((one) => one.definition === definition);
    if (made !== undefined) return made.resource;
    const resource = await definition.setup?.({ data: this.#data });
    this.#made.push({ definition, resource });
    return resource;
  }

  /** Ends all of them, the last one first; `failed` is told of a `teardown` that fails. */
  async end(failed: (definition: JobDefinition, error: unknown) => void): Promise<void> {
    for (const { definition, resource } of this.#made.splice(0).reverse()) {
      try {
        await this.#charge(definition.name, async () => definition.teardown?.(resource));
      } catch (error) {
        failed(definition, error);
      }
    }
  }
}
