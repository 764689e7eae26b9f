import type * as Api from '@opentelemetry/api';
import { type Carrier, headersOf } from '../../job/carrier.js';

/** Where a copy of OpenTelemetry's API puts itself when an SDK is registered; all copies of its major version find each other there. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1');

let api: typeof Api | undefined;

/** Runs a handler in the trace of its job. Where no SDK is loaded in this thread it just runs: then nothing is imported either. */
export function inTrace<Result>(carrier: Carrier, run: () => Result): Result {
  if (!(REGISTERED in globalThis)) return run();
  // From where threadmill is installed: it registers nothing, so any copy will do. `node:module` is not imported: every thread would wait for it.
  api ??= process.getBuiltinModule('node:module').createRequire(import.meta.url)('@opentelemetry/api') as typeof Api;
  const { context, propagation, ROOT_CONTEXT } = api;
  return context.with(propagation.extract(ROOT_CONTEXT, headersOf(carrier)), run);
}
