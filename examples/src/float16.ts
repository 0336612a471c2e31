/** The value of every bit pattern of an IEEE 754 half, so that decoding is one load per component. */
const valueOfBits = new Float32Array(1 << 16);
for (let bits = 0; bits < valueOfBits.length; bits++) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) valueOfBits[bits] = fraction === 0 ? sign * Infinity : NaN;
  else if (exponent === 0) valueOfBits[bits] = sign * fraction * 2 ** -24;
  else valueOfBits[bits] = sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** Decodes little-endian halves; `bytes` holds a whole number of them. */
export function decodeFloat16(bytes: Uint8Array): Float32Array {
  if (bytes.length % 2 !== 0) throw new RangeError(`${bytes.length} bytes are not a whole number of float16 values`);
  const values = new Float32Array(bytes.length / 2);
  for (let index = 0; index < values.length; index++) {
    values[index] = valueOfBits[bytes[2 * index]! | (bytes[2 * index + 1]! << 8)]!;
  }
  return values;
}
