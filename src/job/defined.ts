/** Set on `globalThis` of a job thread: who is told of each definition made there. One symbol for all copies of the package. */
const LISTENER = Symbol.for('threadmill.defined');

type Listener = (definition: object) => void;

/** A definition was made: a job thread finds it by this, whether or not its module exports it. */
export function tellDefined(definition: object): void {
  (globalThis as { [LISTENER]?: Listener })[LISTENER]?.(definition);
}

/** From now on all definitions made in this thread are told. */
export function hearDefined(listener: Listener): void {
  Object.defineProperty(globalThis, LISTENER, { value: listener });
}
