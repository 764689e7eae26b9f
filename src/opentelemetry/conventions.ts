import type { Attempt } from '../index.js';

// Names of attributes are those of OpenTelemetry's conventions for messaging, code, threads and errors; what those do not
// know begins with `threadmill`. They stand in literals where they are used: V8 makes such objects at once, and those with
// computed names one by one. https://opentelemetry.io/docs/specs/semconv/messaging/

export const SYSTEM = 'threadmill';

/** What `error.type` says where nothing better is known. */
export const OTHER = '_OTHER';

/** A code or a name, and not a message: the conventions ask for few different ones. */
const IDENTIFIER = /^[A-Za-z_][\w.:-]{0,63}$/;

/** What kind of failure an attempt ended with: the code of its error, or else its name. `undefined` when it completed. */
export function errorTypeOf({ outcome, error }: Pick<Attempt, 'outcome' | 'error'>): string | undefined {
  if (outcome === 'completed') return undefined;
  try {
    const { code, name } = error as { code?: unknown; name?: unknown };
    for (const type of [code, name]) if (typeof type === 'string' && IDENTIFIER.test(type)) return type;
  } catch {
    // `null`, or a getter that throws.
  }
  return OTHER;
}
