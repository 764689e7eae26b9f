/** The last so many things; {@link add} gives the one that falls out. */
export class Recent<Item> {
  readonly #items: Item[] = [];
  readonly #max: number;
  #oldest = 0;

  constructor(max: number) {
    this.#max = max;
  }

  add(item: Item): Item | undefined {
    if (this.#max === 0) return item;
    if (this.#items.length < this.#max) {
      this.#items.push(item);
      return undefined;
    }
    const out = this.#items[this.#oldest];
    this.#items[this.#oldest] = item;
    this.#oldest = (this.#oldest + 1) % this.#max;
    return out;
  }

  /** Takes some out; the others keep their order. */
  delete(gone: ReadonlySet<Item>): void {
    const left = [...this].filter((item) => !gone.has(item)).reverse();
    this.#items.splice(0, this.#items.length, ...left);
    this.#oldest = 0;
  }

  /** The newest first. */
  *[Symbol.iterator](): Generator<Item> {
    const { length } = this.#items;
    for (let back = 1; back <= length; back++) yield this.#items[(this.#oldest - back + length) % length] as Item;
  }
}
