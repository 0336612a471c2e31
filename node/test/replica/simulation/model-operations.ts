/** The operations that the simulation writes, in the bytes that real shards take. */
import {
  clearPayloadOperation,
  deletePointsOperation,
  overwritePayloadOperation,
  setPayloadOperation,
} from '../../../src/collection/operation-encoding.js';
import { ByteWriter } from '../../../src/payload/byte-writer.js';
import { encodeIdsBlock } from '../../../src/payload/point-id.js';

export type ModelPayload = Readonly<Record<string, number>>;

export interface ModelPoint {
  readonly id: number;
  readonly payload: ModelPayload;
}

export type ModelOperation =
  | { readonly kind: 'upsert'; readonly points: readonly ModelPoint[] }
  | { readonly kind: 'delete' | 'clear'; readonly ids: readonly number[] }
  | { readonly kind: 'set' | 'overwrite'; readonly ids: readonly number[]; readonly payload: ModelPayload };

function jsonOf(payload: ModelPayload): Buffer {
  return Buffer.from(JSON.stringify(payload));
}

const idsOf = (ids: readonly number[]): Buffer => encodeIdsBlock(ids.map(BigInt));

function upsertOperation(points: readonly ModelPoint[]): Buffer {
  const out = new ByteWriter();
  out.u8(1);
  out.u8(1);
  out.raw(new Uint8Array(20));
  out.u16(0);
  out.u32(points.length);
  for (const { id, payload } of points) {
    out.u8(0);
    out.u64(BigInt(id));
    out.u16(0);
    const json = jsonOf(payload);
    out.u32(json.byteLength);
    out.raw(json);
  }
  return Buffer.from(out.finish());
}

export function encodeOperation(operation: ModelOperation): Buffer {
  switch (operation.kind) {
    case 'upsert':
      return upsertOperation(operation.points);
    case 'delete':
      return deletePointsOperation(idsOf(operation.ids));
    case 'clear':
      return clearPayloadOperation(idsOf(operation.ids));
    case 'set':
      return setPayloadOperation(idsOf(operation.ids), '', jsonOf(operation.payload));
    case 'overwrite':
      return overwritePayloadOperation(idsOf(operation.ids), jsonOf(operation.payload));
  }
}

class Reader {
  constructor(
    readonly bytes: Buffer,
    public at: number,
  ) {}

  u32(): number {
    this.at += 4;
    return this.bytes.readUInt32LE(this.at - 4);
  }

  u16(): number {
    this.at += 2;
    return this.bytes.readUInt16LE(this.at - 2);
  }

  id(): number {
    this.at += 9;
    return Number(this.bytes.readBigUInt64LE(this.at - 8));
  }

  ids(): number[] {
    return Array.from({ length: this.u32() }, () => this.id());
  }

  payload(): ModelPayload {
    const size = this.u32();
    this.at += size;
    if (size === 0) return {};
    return JSON.parse(this.bytes.toString('utf8', this.at - size, this.at)) as ModelPayload;
  }
}

const firstField = 22;

export function decodeOperation(operation: Uint8Array): ModelOperation | null {
  const bytes = Buffer.from(operation.buffer, operation.byteOffset, operation.byteLength);
  const reader = new Reader(bytes, firstField);
  switch (bytes[1]) {
    case 1: {
      for (let names = reader.u16(); names > 0; names -= 1) {
        const nameBytes = reader.u16();
        reader.at += nameBytes;
      }
      const points = Array.from({ length: reader.u32() }, () => {
        const id = reader.id();
        reader.u16();
        return { id, payload: reader.payload() };
      });
      return { kind: 'upsert', points };
    }
    case 2:
      return { kind: 'delete', ids: reader.ids() };
    case 3: {
      const ids = reader.ids();
      const pathBytes = reader.u16();
      reader.at += pathBytes;
      return { kind: 'set', ids, payload: reader.payload() };
    }
    case 4: {
      const ids = reader.ids();
      return { kind: 'overwrite', ids, payload: reader.payload() };
    }
    case 6:
      return { kind: 'clear', ids: reader.ids() };
    default:
      return null;
  }
}

/** What an operation does to the points of a shard. */
export function applyOperation(points: Map<number, ModelPayload>, operation: ModelOperation): void {
  switch (operation.kind) {
    case 'upsert':
      for (const { id, payload } of operation.points) points.set(id, payload);
      return;
    case 'delete':
      for (const id of operation.ids) points.delete(id);
      return;
    case 'clear':
      for (const id of operation.ids) if (points.has(id)) points.set(id, {});
      return;
    case 'set':
    case 'overwrite':
      for (const id of operation.ids) {
        const before = points.get(id);
        if (before === undefined) continue;
        points.set(id, operation.kind === 'set' ? { ...before, ...operation.payload } : operation.payload);
      }
  }
}
