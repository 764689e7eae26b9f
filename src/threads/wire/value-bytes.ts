import { v8 } from './v8.js';

/**
 * A value as bytes, to lie in shared memory. Takes what a message takes, but for what only a message can carry: a
 * SharedArrayBuffer, or a handle such as a port. Throws what the serializer throws.
 */
export function toBytes(value: unknown): Uint8Array {
  const serializer = new (v8().Serializer)();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
}

/** The value again. `bytes` must not be shared: nobody may change them meanwhile. Throws when they are not what {@link toBytes} made. */
export function fromBytes(bytes: Uint8Array): unknown {
  const deserializer = new (v8().Deserializer)(bytes);
  deserializer.readHeader();
  return deserializer.readValue();
}
