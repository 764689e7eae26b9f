/**
 * Where `AsyncLocalStorage` watches every promise, a module takes much longer to load, for each has hundreds of them. From Node.js 22 on it
 * makes no difference.
 */
const WATCHES_PROMISES = Number.parseInt(process.versions.node, 10) < 22;
/** A module that cannot be evaluated: what stands behind it is not either. */
const GATE = 'data:text/javascript,throw 0';

const linked = new Set<string>();

/**
 * Reads, compiles and links a module and all it imports, and evaluates none of them: an `import` of it then has nothing left to do but that.
 * So what it does can be watched while how it comes here is not. What is wrong with it that import will say.
 */
export async function link(module: string): Promise<void> {
  if (!WATCHES_PROMISES || linked.has(module)) return;
  linked.add(module);
  const source = `import ${JSON.stringify(GATE)}; import ${JSON.stringify(module)};`;
  await import(`data:text/javascript,${encodeURIComponent(source)}`).catch(() => {});
}
