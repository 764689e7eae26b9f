export default {
  output: 'standalone',
  // Not bundled: threads load their own files.
  serverExternalPackages: ['threadmill'],
  // Tracing finds neither what only threads load, nor job files and what these import.
  outputFileTracingIncludes: { '/api/*': ['./node_modules/threadmill/dist/**/*', './jobs/**/*', './node_modules/zod/**/*'] },
};
