/** XXH64 of short keys (Collet, xxHash specification 0.1.1), as the hash ring needs it. */

const mask = (1n << 64n) - 1n;
const prime1 = 0x9e3779b185ebca87n;
const prime2 = 0xc2b2ae3d27d4eb4fn;
const prime3 = 0x165667b19e3779f9n;
const prime4 = 0x85ebca77c2b2ae63n;
const prime5 = 0x27d4eb2f165667c5n;

function rotateLeft(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & mask;
}

function round(accumulator: bigint, lane: bigint): bigint {
  return (rotateLeft((accumulator + lane * prime2) & mask, 31n) * prime1) & mask;
}

function avalanche(hash: bigint): bigint {
  let value = hash;
  value = ((value ^ (value >> 33n)) * prime2) & mask;
  value = ((value ^ (value >> 29n)) * prime3) & mask;
  return value ^ (value >> 32n);
}

/** Keys shorter than 32 bytes only: longer ones take a part of the algorithm that no key here needs. */
export function xxh64(key: Uint8Array, seed = 0n): bigint {
  if (key.length >= 32) throw new RangeError(`a ring key has fewer than 32 bytes, not ${key.length}`);
  const view = new DataView(key.buffer, key.byteOffset, key.byteLength);
  let hash = (seed + prime5 + BigInt(key.length)) & mask;
  let offset = 0;
  for (; offset + 8 <= key.length; offset += 8) {
    hash ^= round(0n, view.getBigUint64(offset, true));
    hash = (rotateLeft(hash, 27n) * prime1 + prime4) & mask;
  }
  if (offset + 4 <= key.length) {
    hash ^= (BigInt(view.getUint32(offset, true)) * prime1) & mask;
    hash = (rotateLeft(hash, 23n) * prime2 + prime3) & mask;
    offset += 4;
  }
  for (; offset < key.length; offset += 1) {
    hash ^= (BigInt(view.getUint8(offset)) * prime5) & mask;
    hash = (rotateLeft(hash, 11n) * prime1) & mask;
  }
  return avalanche(hash);
}
