/** Where a copy of OpenTelemetry's API puts what is registered; all copies of its major version find each other there. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1');

/** Whether an SDK is registered for this: until then nothing is made, and nothing need be built for it. */
export function isRegistered(what: 'trace' | 'metrics'): boolean {
  return (globalThis as { [REGISTERED]?: { [what: string]: unknown } })[REGISTERED]?.[what] !== undefined;
}
