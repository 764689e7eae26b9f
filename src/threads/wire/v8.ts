const { getBuiltinModule } = process;

let loaded: typeof import('node:v8') | undefined;

/** Node.js's module of that name. Loaded when it is first needed: it takes a thread that boots its time, and few need it at once. */
export function v8(): typeof import('node:v8') {
  loaded ??= getBuiltinModule('node:v8');
  return loaded;
}
