/**
 * The operations that TypeScript makes itself, byte by byte as docs/internals/storage.md has them
 * ("Operations"). Operations with vectors in them come from the codec.
 */
import type { FieldType } from '../engine/addon.js';
import type { FieldIndexSchema } from '../metadata/collection-config.js';
import { ByteWriter } from '../payload/byte-writer.js';

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

/** Peer, clock and tick are zero. */
const noClockTag = new Uint8Array(20);

const fieldTypes: Readonly<Record<FieldType, number>> = { keyword: 1, integer: 2, float: 3, bool: 4, uuid: 5 };

function operation(kind: number, write: (out: ByteWriter) => void): Buffer {
  const out = new ByteWriter();
  out.u8(formatVersion);
  out.u8(kind);
  out.raw(noClockTag);
  write(out);
  return out.finish();
}

function writeJson(out: ByteWriter, bytes: Uint8Array): void {
  out.u32(bytes.byteLength);
  out.raw(bytes);
}

export function deletePointsOperation(ids: Uint8Array): Buffer {
  return operation(kinds.deletePoints, (out) => out.raw(ids));
}

/** `payload` is a minified JSON object, merged at `path` ('' is the root). */
export function setPayloadOperation(ids: Uint8Array, path: string, payload: Uint8Array): Buffer {
  return operation(kinds.setPayload, (out) => {
    out.raw(ids);
    out.text16(path);
    writeJson(out, payload);
  });
}

export function overwritePayloadOperation(ids: Uint8Array, payload: Uint8Array): Buffer {
  return operation(kinds.overwritePayload, (out) => {
    out.raw(ids);
    writeJson(out, payload);
  });
}

export function deletePayloadOperation(ids: Uint8Array, paths: readonly string[]): Buffer {
  return operation(kinds.deletePayload, (out) => {
    out.raw(ids);
    out.u32(paths.length);
    for (const path of paths) out.text16(path);
  });
}

export function clearPayloadOperation(ids: Uint8Array): Buffer {
  return operation(kinds.clearPayload, (out) => out.raw(ids));
}

export function deleteVectorsOperation(ids: Uint8Array, names: readonly string[]): Buffer {
  return operation(kinds.deleteVectors, (out) => {
    out.raw(ids);
    out.u16(names.length);
    for (const name of names) out.text16(name);
  });
}

export function createFieldIndexOperation(index: FieldIndexSchema): Buffer {
  return operation(kinds.createFieldIndex, (out) => {
    out.text16(index.path);
    out.u8(fieldTypes[index.type]);
    writeJson(out, Buffer.from(JSON.stringify(index.params ?? {}), 'utf8'));
  });
}

export function deleteFieldIndexOperation(path: string): Buffer {
  return operation(kinds.deleteFieldIndex, (out) => out.text16(path));
}
