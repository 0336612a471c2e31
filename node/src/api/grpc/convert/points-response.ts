/**
 * Answers that hold points. The native codec writes the points straight from the engine's batch as the
 * repeated field that they are; only the fields around them are added here.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { NativeCodec } from '../../../engine/addon.js';
import type { ScrolledPoints } from '../../../service/points-service.js';
import { PointId } from '../generated/qdrant_common.js';
import { pointIdMessage } from './point-id.js';

/** `time`, as field `number` of every answer. */
function timeField(number: number, seconds: number): Uint8Array {
  return new BinaryWriter().tag(number, WireType.Bit64).double(seconds).finish();
}

/** SearchResponse and QueryResponse. */
export function scoredResponse(codec: NativeCodec, batch: Uint8Array, seconds: number): Uint8Array {
  return Buffer.concat([codec.pointsToMessage(batch, 'scored', 1), timeField(2, seconds)]);
}

/** SearchBatchResponse and QueryBatchResponse. */
export function scoredBatchResponse(codec: NativeCodec, batches: readonly Uint8Array[], seconds: number): Uint8Array {
  const results = new BinaryWriter();
  for (const batch of batches) {
    results.tag(1, WireType.LengthDelimited).bytes(codec.pointsToMessage(batch, 'scored', 1));
  }
  return Buffer.concat([results.finish(), timeField(2, seconds)]);
}

export function getResponse(codec: NativeCodec, batch: Uint8Array, seconds: number): Uint8Array {
  return Buffer.concat([codec.pointsToMessage(batch, 'retrieved', 1), timeField(2, seconds)]);
}

export function scrollResponse(
  codec: NativeCodec,
  { points, nextOffset }: ScrolledPoints,
  seconds: number,
): Uint8Array {
  const head = new BinaryWriter();
  if (nextOffset !== null) {
    head.tag(1, WireType.LengthDelimited).bytes(PointId.encode(pointIdMessage(nextOffset)).finish());
  }
  return Buffer.concat([head.finish(), codec.pointsToMessage(points, 'retrieved', 2), timeField(3, seconds)]);
}
