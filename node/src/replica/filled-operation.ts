import { EngineError } from '../engine/engine-error.js';
import { operationFieldsOffset } from '../shard/clock-tag.js';

const emptyIdsBlockBytes = 4;

/** The operation with `ids`, an ids block, in place of its own empty one, which is the first field of its kind. */
export function filledOperation(operation: Uint8Array, ids: Uint8Array): Buffer {
  const end = operationFieldsOffset + emptyIdsBlockBytes;
  if (operation.byteLength < end || operation.subarray(operationFieldsOffset, end).some((byte) => byte !== 0)) {
    throw new EngineError('BAD_REQUEST', 'an operation for a filter has no empty ids block');
  }
  return Buffer.concat([operation.subarray(0, operationFieldsOffset), ids, operation.subarray(end)]);
}
