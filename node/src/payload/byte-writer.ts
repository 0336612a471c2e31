/** Builds the little-endian encodings of docs/internals/storage.md, "Primitive encodings". */

const initialBytes = 256;

export class ByteWriter {
  #bytes = Buffer.allocUnsafe(initialBytes);
  #length = 0;

  /** The bytes so far. The writer is not used afterwards. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  u8(value: number): void {
    this.#bytes.writeUInt8(value, this.#grow(1));
  }

  u16(value: number): void {
    this.#bytes.writeUInt16LE(value, this.#grow(2));
  }

  u32(value: number): void {
    this.#bytes.writeUInt32LE(value, this.#grow(4));
  }

  u64(value: bigint): void {
    this.#bytes.writeBigUInt64LE(value, this.#grow(8));
  }

  i64(value: bigint): void {
    this.#bytes.writeBigInt64LE(value, this.#grow(8));
  }

  f64(value: number): void {
    this.#bytes.writeDoubleLE(value, this.#grow(8));
  }

  raw(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#grow(bytes.byteLength));
  }

  /** u16 length, UTF-8 bytes. The caller has checked that the length fits. */
  text16(text: string): void {
    const bytes = Buffer.from(text, 'utf8');
    this.u16(bytes.byteLength);
    this.raw(bytes);
  }

  /** u32 length, UTF-8 bytes. */
  text32(text: string): void {
    const bytes = Buffer.from(text, 'utf8');
    this.u32(bytes.byteLength);
    this.raw(bytes);
  }

  /** Makes room and returns where it starts. */
  #grow(byteCount: number): number {
    const start = this.#length;
    this.#length += byteCount;
    if (this.#length > this.#bytes.byteLength) {
      const grown = Buffer.allocUnsafe(Math.max(this.#length, this.#bytes.byteLength * 2));
      this.#bytes.copy(grown, 0, 0, start);
      this.#bytes = grown;
    }
    return start;
  }
}
