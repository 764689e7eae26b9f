import { Jimp, JimpMime } from 'jimp';

/** An image, made as small as asked for, as JPEG. Some 100 ms of computing for a screenshot. */
export async function makeThumbnail(image: Uint8Array, width: number): Promise<Uint8Array> {
  const { buffer, byteOffset, byteLength } = image;
  const picture = await Jimp.fromBuffer(Buffer.from(buffer, byteOffset, byteLength));
  return picture.resize({ w: width }).getBuffer(JimpMime.jpeg, { quality: 80 });
}
