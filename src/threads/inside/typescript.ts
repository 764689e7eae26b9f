import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What Node.js says when it does not load TypeScript, or not this one: it strips types at best, and follows no `./x.js` to `x.ts`. */
const REFUSALS: readonly unknown[] = ['ERR_UNKNOWN_FILE_EXTENSION', 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX', 'ERR_INVALID_TYPESCRIPT_SYNTAX'];
const NOT_FOUND: readonly unknown[] = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'ERR_UNSUPPORTED_DIR_IMPORT'];
const EXTENSION = /\.[cm]?tsx?\b/;

/** Where modules are that did not load until they were compiled. */
const addresses = new Map<string, string>();
let compiles = false;

/** The address that a module was loaded from after all. */
export function compiledAddress(module: string): string | undefined {
  return addresses.get(module);
}

/** Imports a module: where Node.js does not load it because it is TypeScript, with tsx. */
export async function importCompiled(module: string): Promise<Record<string, unknown>> {
  try {
    return await import(addresses.get(module) ?? module);
  } catch (error) {
    if (addresses.has(module) || !needsCompiler(module, error)) throw error;
    compiles ||= await registerCompiler(module);
    if (!compiles) throw error;
    // Node.js keeps that it has failed, under its address.
    addresses.set(module, `${module}${module.includes('?') ? '&' : '?'}compiled`);
    return await import(addresses.get(module) as string);
  }
}

/** What to do where a module has failed to load because it needs a compiler; empty elsewhere. */
export function compilerHint(module: string, error: unknown): string {
  if (compiles || !needsCompiler(module, error)) return '';
  return (
    '. This Node.js does not load this TypeScript as it is: install tsx (npm install --save-dev tsx), which is then used, or compile it first' +
    "; Node.js 22.18 and later strip types, of files that import './x.ts' and use no enums or namespaces"
  );
}

/** Whether a module may load where TypeScript is compiled, and not only stripped of its types. */
function needsCompiler(module: string, error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  if (REFUSALS.includes(code)) return EXTENSION.test(module) || EXTENSION.test(String(message));
  return EXTENSION.test(module) && (NOT_FOUND.includes(code) || error instanceof SyntaxError);
}

/**
 * Lets this thread load TypeScript with tsx. A hook of the main thread's does not reach threads on every Node.js. Whether tsx was
 * found: where the job file is, where the program was started, or with what.
 */
async function registerCompiler(module: string): Promise<boolean> {
  // Not imported: every thread would wait for it.
  const { createRequire } = process.getBuiltinModule('node:module');
  const started = process.execArgv.flatMap((argument) => /(?:file:\/\/)?[^=]*[/\\]tsx[/\\]dist[/\\][^/\\]+$/.exec(argument) ?? []);
  for (const from of [module, join(process.cwd(), 'package.json'), ...started]) {
    try {
      const { resolve } = createRequire(from);
      // As an import finds them: of what `require` finds, the second does not find its own files.
      const apis = ['tsx/cjs/api', 'tsx/esm/api'].map((api) => pathToFileURL(resolve(api)).href.replace(/\.cjs$/, '.mjs'));
      for (const api of apis) (await import(api)).register();
      return true;
    } catch {
      // It is not there.
    }
  }
  return false;
}
