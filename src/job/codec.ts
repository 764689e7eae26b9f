import { type Check, functionOf, object } from '../checks/checks.js';

/** Makes JSON of a value and the value of the JSON; `superjson` is one. */
export interface Codec {
  serialize(value: unknown): unknown;
  deserialize(json: any): unknown;
}

const shape = object({ serialize: functionOf(''), deserialize: functionOf('') });

/** It may be any object, of any class, that has both methods. */
export const checkCodec: Check<Codec> = (value, refuse) => {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) refuse('expected { serialize, deserialize }');
  else shape({ serialize: value.serialize, deserialize: value.deserialize }, refuse);
  return value;
};
