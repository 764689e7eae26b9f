/**
 * What Piscina loads in a thread. CommonJS on purpose: Piscina tries `require` first, and a thread that is terminated
 * while it requires an ES module can abort the whole process (Node.js 20: `Module::IsGraphAsync`); an import cannot.
 */
export = async function open(message: unknown): Promise<void> {
  const thread = await import('./thread.js');
  thread.default(message as never);
};
