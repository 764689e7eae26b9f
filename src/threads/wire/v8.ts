const { getBuiltinModule } = process;

let loaded: typeof import('node:v8') | undefined;

/** Node.js's module of that name. Loaded when it is first needed: a thread boots a millisecond sooner, and few need it at once. */
export function v8(): typeof import('node:v8') {
  loaded ??= getBuiltinModule('node:v8');
  return loaded;
}
