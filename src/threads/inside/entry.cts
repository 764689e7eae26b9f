/**
 * What Piscina loads in a thread. CommonJS on purpose: Piscina tries `require` first, and a thread that is terminated
 * while it requires an ES module can abort the whole process (Node.js 20: `Module::IsGraphAsync`); an import cannot.
 * A promise, which Piscina waits for before it says that the thread has booted: one that cannot load this has not.
 *
 * In the package `thread.ts` stands here itself, as CommonJS with all it imports (`npm run bundle:thread`): every thread loads it, and so it
 * boots sooner and takes less memory. What it needs of Node.js an ES module would get through facades that are made in each thread.
 */
export = import('./thread.js').then((thread) => (message: unknown) => thread.default(message as never));
