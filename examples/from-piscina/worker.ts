export default function resize({ width, pixels }: { width: number; pixels: Uint8Array }) {
  return { width, size: pixels.length };
}
