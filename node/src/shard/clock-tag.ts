/**
 * The clock tag of an operation (docs/internals/storage.md, "Operations"): which peer gave the
 * operation its place, and the how-manieth of that peer's clock it is.
 */
import { EngineError } from '../engine/engine-error.js';

export interface ClockTag {
  readonly peer: number;
  readonly clock: number;
  readonly tick: number;
}

/** Format version and kind stand before the tag: u64 peer, u32 clock, u64 tick. */
const offsets = { peer: 2, clock: 10, tick: 14, end: 22 } as const;

/** Where the fields of an operation's kind begin. */
export const operationFieldsOffset = offsets.end;

function asBuffer(operation: Uint8Array): Buffer {
  if (operation.byteLength < offsets.end) {
    throw new EngineError('BAD_REQUEST', 'an operation ends before its clock tag');
  }
  return Buffer.from(operation.buffer, operation.byteOffset, operation.byteLength);
}

function safeInteger(value: bigint, field: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new EngineError('BAD_REQUEST', `the ${field} of a clock tag is larger than 2^53 - 1`);
  }
  return Number(value);
}

/** null: the operation has none. Throws BAD_REQUEST for bytes that are no operation. */
export function readClockTag(operation: Uint8Array): ClockTag | null {
  const bytes = asBuffer(operation);
  const peer = safeInteger(bytes.readBigUInt64LE(offsets.peer), 'peer');
  if (peer === 0) return null;
  const tick = safeInteger(bytes.readBigUInt64LE(offsets.tick), 'tick');
  return { peer, clock: bytes.readUInt32LE(offsets.clock), tick };
}

/** A copy: the operation may be on its way somewhere with another tag. */
export function withClockTag(operation: Uint8Array, { peer, clock, tick }: ClockTag): Buffer {
  const stamped = Buffer.from(asBuffer(operation));
  stamped.writeBigUInt64LE(BigInt(peer), offsets.peer);
  stamped.writeUInt32LE(clock, offsets.clock);
  stamped.writeBigUInt64LE(BigInt(tick), offsets.tick);
  return stamped;
}
