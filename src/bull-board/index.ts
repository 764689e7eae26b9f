/** `threadmill/bull-board`: a queue on bull-board's web page. Needs `@bull-board/api`, its user interface and one of its server adapters. */
export { ThreadmillAdapter, type ThreadmillAdapterOptions } from './adapter.js';
