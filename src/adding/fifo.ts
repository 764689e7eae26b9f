/** First in, first out, without moving what is left. */
export class Fifo<Item> {
  #items: (Item | undefined)[] = [];
  #first = 0;

  get head(): Item | undefined {
    return this.#items[this.#first];
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  shift(): void {
    this.#items[this.#first++] = undefined;
    if (this.#first * 2 < this.#items.length) return;
    this.#items = this.#items.slice(this.#first);
    this.#first = 0;
  }
}
