/**
 * Does one thing after the other, at once as far as nothing has to be awaited: promises would cost a lone job more than all else in
 * its thread.
 */
export class InTurn<Thing> {
  readonly #act: (thing: Thing) => Promise<void> | undefined;
  #waiting: Thing[] = [];
  #acting = false;

  constructor(act: (thing: Thing) => Promise<void> | undefined) {
    this.#act = act;
  }

  add(thing: Thing): void {
    // Not `push`: a handler may have changed it, and no job must get lost.
    if (this.#acting) this.#waiting[this.#waiting.length] = thing;
    else this.#begin(thing);
  }

  #begin(thing: Thing): void {
    this.#acting = true;
    const pending = this.#act(thing);
    if (pending === undefined && this.#waiting.length === 0) this.#acting = false;
    else void this.#goOn(pending);
  }

  async #goOn(pending: Promise<void> | undefined): Promise<void> {
    await pending;
    // What was done is let go: a busy thread may never see nothing wait.
    while (this.#waiting.length > 0) {
      const things = this.#waiting;
      this.#waiting = [];
      for (let next = 0; next < things.length; next++) await this.#act(things[next] as Thing);
    }
    this.#acting = false;
  }
}
