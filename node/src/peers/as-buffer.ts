/** The same bytes as a Buffer, without a copy: the codecs of messages give plain arrays over a Buffer's memory. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
