export default {
  output: 'standalone',
  // Not bundled: threads load their own files.
  serverExternalPackages: ['threadmill'],
  // What only threads load is not found by tracing: the package's threads, and the job files.
  outputFileTracingIncludes: { '/api/*': ['./node_modules/threadmill/dist/**/*', './jobs/**/*'] },
};
