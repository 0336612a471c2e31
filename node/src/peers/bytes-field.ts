import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/**
 * A message with one more field of bytes at its end, in one allocation. The writer of the generated codecs doubles its
 * buffer until large bytes fit and copies once more at the end: four times what an operation of a hundred points needs.
 */
export function withBytesField(message: Uint8Array, field: number, bytes: Uint8Array): Buffer {
  const head = new BinaryWriter().tag(field, WireType.LengthDelimited).uint32(bytes.length).finish();
  const whole = Buffer.allocUnsafe(message.length + head.length + bytes.length);
  whole.set(message, 0);
  whole.set(head, message.length);
  whole.set(bytes, message.length + head.length);
  return whole;
}
