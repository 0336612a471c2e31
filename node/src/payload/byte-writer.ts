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
    const at = this.#grow(1);
    this.#bytes.writeUInt8(value, at);
  }

  u16(value: number): void {
    const at = this.#grow(2);
    this.#bytes.writeUInt16LE(value, at);
  }

  u32(value: number): void {
    const at = this.#grow(4);
    this.#bytes.writeUInt32LE(value, at);
  }

  u64(value: bigint): void {
    const at = this.#grow(8);
    this.#bytes.writeBigUInt64LE(value, at);
  }

  i64(value: bigint): void {
    const at = this.#grow(8);
    this.#bytes.writeBigInt64LE(value, at);
  }

  f64(value: number): void {
    const at = this.#grow(8);
    this.#bytes.writeDoubleLE(value, at);
  }

  raw(bytes: Uint8Array): void {
    const at = this.#grow(bytes.byteLength);
    this.#bytes.set(bytes, at);
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

  /** Makes room and returns where it starts. May replace `#bytes`, so it comes before any use of them. */
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
