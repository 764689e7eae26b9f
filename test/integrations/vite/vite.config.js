export default {
  // Server code: packages stay outside, and the file of the jobs is an entry of its own.
  build: { ssr: true, rollupOptions: { input: { main: 'main.js', 'hello.job': 'hello.job.js' } } },
};
