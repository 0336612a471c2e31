/**
 * The operations that TypeScript makes itself, byte by byte as docs/internals/storage.md has them
 * ("Operations"). Operations with vectors in them come from the codec.
 */
import type { FieldType } from '../engine/addon.js';
import type { FieldIndexSchema } from '../metadata/collection-config.js';

const formatVersion = 1;

const kinds = {
  deletePoints: 2,
  setPayload: 3,
  overwritePayload: 4,
  deletePayload: 5,
  clearPayload: 6,
  deleteVectors: 8,
  createFieldIndex: 9,
  deleteFieldIndex: 10,
} as const;

/** No clock tag: peer, clock and tick are zero. */
const clockTagBytes = 20;

const fieldTypes: Readonly<Record<FieldType, number>> = { keyword: 1, integer: 2, float: 3, bool: 4, uuid: 5 };

function operation(kind: number, parts: readonly Uint8Array[]): Buffer {
  const head = Buffer.alloc(2 + clockTagBytes);
  head[0] = formatVersion;
  head[1] = kind;
  return Buffer.concat([head, ...parts]);
}

function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function shortText(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([u16(bytes.length), bytes]);
}

function json(bytes: Uint8Array): Buffer {
  return Buffer.concat([u32(bytes.byteLength), bytes]);
}

/** Longest text that has its length in 16 bits: callers check it where a name comes in. */
export const shortTextBytesMax = 65_535;

export function deletePointsOperation(ids: Uint8Array): Buffer {
  return operation(kinds.deletePoints, [ids]);
}

/** `payload` is a minified JSON object, merged at `path` ('' is the root). */
export function setPayloadOperation(ids: Uint8Array, path: string, payload: Uint8Array): Buffer {
  return operation(kinds.setPayload, [ids, shortText(path), json(payload)]);
}

export function overwritePayloadOperation(ids: Uint8Array, payload: Uint8Array): Buffer {
  return operation(kinds.overwritePayload, [ids, json(payload)]);
}

export function deletePayloadOperation(ids: Uint8Array, paths: readonly string[]): Buffer {
  return operation(kinds.deletePayload, [ids, u32(paths.length), ...paths.map(shortText)]);
}

export function clearPayloadOperation(ids: Uint8Array): Buffer {
  return operation(kinds.clearPayload, [ids]);
}

export function deleteVectorsOperation(ids: Uint8Array, names: readonly string[]): Buffer {
  return operation(kinds.deleteVectors, [ids, u16(names.length), ...names.map(shortText)]);
}

export function createFieldIndexOperation(index: FieldIndexSchema): Buffer {
  const params = Buffer.from(JSON.stringify(index.params ?? {}), 'utf8');
  return operation(kinds.createFieldIndex, [shortText(index.path), Buffer.from([fieldTypes[index.type]]), json(params)]);
}

export function deleteFieldIndexOperation(path: string): Buffer {
  return operation(kinds.deleteFieldIndex, [shortText(path)]);
}
