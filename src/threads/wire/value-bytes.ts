import { Deserializer, Serializer } from 'node:v8';

/**
 * A value as bytes, to lie in shared memory. Takes what a message takes, but for what only a message can carry: a
 * SharedArrayBuffer, or a handle such as a port. Throws what the serializer throws.
 */
export function toBytes(value: unknown): Uint8Array {
  const serializer = new Serializer();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
}

/** The value again. `bytes` must not be shared: nobody may change them meanwhile. Throws when they are not what {@link toBytes} made. */
export function fromBytes(bytes: Uint8Array): unknown {
  const deserializer = new Deserializer(bytes);
  deserializer.readHeader();
  return deserializer.readValue();
}
