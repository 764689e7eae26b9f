export default {
  mode: 'production',
  target: 'node20',
  experiments: { outputModule: true },
  // Jobs are an entry of their own: threads import its file, and the program does too.
  entry: { 'hello.job': './hello.job.js', main: { import: './main.js', dependOn: 'hello.job' } },
  output: { module: true, chunkFormat: 'module', filename: '[name].mjs' },
  externals: [/^threadmill/, 'zod'],
  externalsType: 'module',
  // Otherwise webpack writes the path of the source file for `import.meta.url`.
  module: { parser: { javascript: { importMeta: false } } },
};
