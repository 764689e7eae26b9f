interface Piece<Result> {
  result?: Result;
  done: boolean;
}

/** Work in flight, at most so many pieces at a time, whose results are handed on in the order of their start or of their end. */
export class Window<Result> {
  readonly #size: number;
  readonly #ordered: boolean;
  readonly #deliver: (result: Result) => void;
  /** Ordered: every piece whose result is not handed on yet, in the order of their start. */
  readonly #line: Piece<Result>[] = [];
  #count = 0;
  #wake: (() => void) | undefined;

  constructor(size: number, ordered: boolean, deliver: (result: Result) => void) {
    this.#size = size;
    this.#ordered = ordered;
    this.#deliver = deliver;
  }

  /** Adds a piece of work; it must not reject. Call it when there is {@link room}. */
  start(work: Promise<Result>): void {
    const place: Piece<Result> = { done: false };
    this.#count++;
    if (this.#ordered) this.#line.push(place);
    void work.then((result) => this.#ended(place, result));
  }

  /** Resolves when another piece may start. */
  room(): Promise<void> {
    return this.#until(() => this.#count < this.#size);
  }

  /** Resolves when every result has been handed on. */
  empty(): Promise<void> {
    return this.#until(() => this.#count === 0);
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #ended(place: Piece<Result>, result: Result): void {
    place.result = result;
    place.done = true;
    if (this.#ordered) while (this.#line[0]?.done) this.#hand((this.#line.shift() as Piece<Result>).result as Result);
    else this.#hand(result);
    this.#wake?.();
  }

  #hand(result: Result): void {
    this.#count--;
    this.#deliver(result);
  }
}
