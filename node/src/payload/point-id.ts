/** Point ids: the spellings that the API accepts, and their encoding (docs/internals/storage.md). */
import { ServiceError } from '../errors.js';
import { ByteWriter } from './byte-writer.js';
import type { PointId } from './filter.js';

const idTags = { integer: 0, uuid: 1 } as const;
const uuidBytes = 16;
const largestInteger = 2n ** 64n - 1n;

const simple = /^[0-9a-f]{32}$/;
const hyphenated = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The canonical form of a UUID, or null. Accepted, in either case: 32 digits, the hyphenated form, the
 * hyphenated form in braces, and the URN.
 */
export function parseUuid(text: string): string | null {
  let digits = text.toLowerCase();
  if (hyphenated.test(digits)) return digits;
  if (digits.startsWith('urn:uuid:')) digits = digits.slice('urn:uuid:'.length);
  else if (digits.startsWith('{') && digits.endsWith('}')) digits = digits.slice(1, -1);
  else return simple.test(digits) ? withHyphens(digits) : null;
  return hyphenated.test(digits) ? digits : null;
}

function withHyphens(digits: string): string {
  const parts = [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)];
  return parts.join('-');
}

function isPointIdInteger(value: bigint): boolean {
  return value >= 0n && value <= largestInteger;
}

export function writePointId(out: ByteWriter, id: PointId): void {
  if (typeof id === 'bigint') {
    if (!isPointIdInteger(id)) throw new ServiceError('bad-input', `Point id ${id} is not an unsigned 64-bit integer`);
    out.u8(idTags.integer);
    out.u64(id);
    return;
  }
  const canonical = parseUuid(id);
  if (canonical === null) throw new ServiceError('bad-input', `Unable to parse UUID: ${id.slice(0, 80)}`);
  out.u8(idTags.uuid);
  out.raw(Buffer.from(canonical.replaceAll('-', ''), 'hex'));
}

export function writeIdsBlock(out: ByteWriter, ids: readonly PointId[]): void {
  out.u32(ids.length);
  for (const id of ids) writePointId(out, id);
}

export function encodePointId(id: PointId): Buffer {
  const out = new ByteWriter();
  writePointId(out, id);
  return out.finish();
}

export function encodeIdsBlock(ids: readonly PointId[]): Buffer {
  const out = new ByteWriter();
  writeIdsBlock(out, ids);
  return out.finish();
}

/** The inverse of `encodePointId`. The bytes come from the engine. */
export function decodePointId(bytes: Uint8Array): PointId {
  const [id, end] = readPointId(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
  if (end !== bytes.byteLength) throw new RangeError(`A point id takes ${end} bytes, not ${bytes.byteLength}`);
  return id;
}

/** The order of ids: integers before UUIDs, each among themselves by value. Both are encoded. */
export function compareEncodedIds(a: Buffer, b: Buffer): number {
  if (a[0] !== b[0] || a[0] === idTags.uuid) return Buffer.compare(a, b);
  const left = a.readBigUInt64LE(1);
  const right = b.readBigUInt64LE(1);
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

export function decodeIdsBlock(bytes: Uint8Array): readonly PointId[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = buffer.readUInt32LE(0);
  const ids: PointId[] = [];
  let at = 4;
  for (let index = 0; index < count; index += 1) {
    const [id, end] = readPointId(buffer, at);
    ids.push(id);
    at = end;
  }
  if (at !== buffer.byteLength) throw new RangeError(`${count} point ids take ${at} bytes, not ${buffer.byteLength}`);
  return ids;
}

function readPointId(bytes: Buffer, at: number): readonly [PointId, number] {
  const tag = bytes.readUInt8(at);
  switch (tag) {
    case idTags.integer:
      return [bytes.readBigUInt64LE(at + 1), at + 9];
    case idTags.uuid: {
      const end = at + 1 + uuidBytes;
      if (end > bytes.byteLength) throw new RangeError('A point id ends too early');
      return [withHyphens(bytes.toString('hex', at + 1, end)), end];
    }
    default:
      throw new RangeError(`A point id has the unknown tag ${tag}`);
  }
}
