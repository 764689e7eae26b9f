/** Where the package explains bundlers, frameworks and other runtimes. */
export const RUNTIMES_GUIDE = 'node_modules/threadmill/examples/runtimes/README.md';
