/**
 * Write requests to operations of the points service. The messages of single requests and those inside
 * a batch differ in field numbers only, so both are brought to one form here.
 */
import type { NativeCodec } from '../../../engine/addon.js';
import type { PointsParser, WriteOperation } from '../../../service/points-service.js';
import { decodeMessage, refuseMalformed } from '../decode-message.js';
import {
  PointsUpdateOperation_ClearPayload as ClearPayload,
  PointsUpdateOperation_DeletePayload as DeletePayload,
  PointsUpdateOperation_DeletePoints as DeletePoints,
  PointsUpdateOperation_DeleteVectors as DeleteVectors,
  PointsUpdateOperation_OverwritePayload as OverwritePayload,
  PointsUpdateOperation_PointStructList as PointStructList,
  PointsUpdateOperation_SetPayload as SetPayload,
  PointsUpdateOperation_UpdateVectors as UpdateVectors,
  PointsSelector,
  UpdateMode,
  type ClearPayloadPoints,
  type DeletePayloadPoints,
  type DeletePointVectors,
  type SetPayloadPoints,
  type UpdatePointVectors,
  type UpsertPoints,
} from '../generated/points.js';
import { splitField, wireFields } from '../wire-fields.js';
import { missing, notServed, refuse, unknownVariant } from './field-values.js';
import { checkWritePlacement } from './placement.js';
import { pointsSelector } from './points-selector.js';

/** Field number of `points` in UpsertPoints and UpdatePointVectors, the messages that the codec reads. */
export const pointsField = 3;

/** Field number of the entries of a payload, in the messages that the codec reads. */
export const payloadField = 1;

type Around<T> = Omit<T, 'points' | 'collectionName' | 'wait' | 'timeout' | 'payload'>;

/** `message` holds the points as field `pointsField`; `around` is the rest of the request. */
export function upsert(codec: NativeCodec, message: Uint8Array, around: Partial<Around<UpsertPoints>>): WriteOperation {
  checkWritePlacement(around);
  refuse({ update_filter: around.updateFilter });
  switch (around.updateMode) {
    case undefined:
    case UpdateMode.Upsert:
      break;
    case UpdateMode.InsertOnly:
    case UpdateMode.UpdateOnly:
      throw notServed('update_mode');
    case UpdateMode.UNRECOGNIZED:
    default:
      throw unknownVariant('update_mode', around.updateMode ?? -1);
  }
  return { kind: 'upsert', parse: (shapes) => codec.parseUpsertMessage(message, shapes) };
}

export function updateVectors(
  codec: NativeCodec,
  message: Uint8Array,
  around: Partial<Around<UpdatePointVectors>>,
): WriteOperation {
  checkWritePlacement(around);
  refuse({ update_filter: around.updateFilter });
  const parse: PointsParser = (shapes) => codec.parseUpdateVectorsMessage(message, shapes);
  return { kind: 'update-vectors', parse };
}

export function deletePoints(selector: PointsSelector | undefined): WriteOperation {
  return { kind: 'delete-points', selector: pointsSelector(selector, 'points') };
}

export function deleteVectors(message: Pick<DeletePointVectors, 'pointsSelector' | 'vectors'>): WriteOperation {
  const names = message.vectors?.names ?? [];
  if (names.length === 0) throw missing('vectors.names');
  return { kind: 'delete-vectors', selector: pointsSelector(message.pointsSelector, 'points_selector'), names };
}

/** `entries` are the payload's entries as field `payloadField`. */
export function setPayload(
  codec: NativeCodec,
  entries: Uint8Array,
  around: Partial<Around<SetPayloadPoints>>,
): WriteOperation {
  checkWritePlacement(around);
  return {
    kind: 'set-payload',
    selector: pointsSelector(around.pointsSelector, 'points_selector'),
    payload: codec.payloadFromMessage(entries),
    key: around.key ?? null,
  };
}

export function overwritePayload(
  codec: NativeCodec,
  entries: Uint8Array,
  around: Partial<Around<SetPayloadPoints>>,
): WriteOperation {
  checkWritePlacement(around);
  refuse({ key: around.key });
  return {
    kind: 'overwrite-payload',
    selector: pointsSelector(around.pointsSelector, 'points_selector'),
    payload: codec.payloadFromMessage(entries),
  };
}

export function deletePayload(message: Pick<DeletePayloadPoints, 'keys' | 'pointsSelector'>): WriteOperation {
  if (message.keys.length === 0) throw missing('keys');
  return {
    kind: 'delete-payload',
    selector: pointsSelector(message.pointsSelector, 'points_selector'),
    keys: message.keys,
  };
}

export function clearPayload(message: Pick<ClearPayloadPoints, 'points'>): WriteOperation {
  return { kind: 'clear-payload', selector: pointsSelector(message.points, 'points') };
}

/** One `PointsUpdateOperation` of a batch, from its bytes. */
export function batchedOperation(codec: NativeCodec, message: Uint8Array, field: string): WriteOperation {
  const fields = refuseMalformed(field, () => [...wireFields(message)]);
  // Of a oneof that is set several times the last counts.
  const last = fields.at(-1);
  if (last === undefined) throw missing(`${field}.operation`);
  const { number, content } = last;
  switch (number) {
    case 1: {
      const { taken, rest } = refuseMalformed(field, () => splitField(content, 1, pointsField));
      return upsert(codec, taken, decodeMessage(PointStructList, rest, field));
    }
    case 2:
      return deletePoints(decodeMessage(PointsSelector, content, field));
    case 3: {
      const { taken, rest } = refuseMalformed(field, () => splitField(content, 1, payloadField));
      return setPayload(codec, taken, decodeMessage(SetPayload, rest, field));
    }
    case 4: {
      const { taken, rest } = refuseMalformed(field, () => splitField(content, 1, payloadField));
      return overwritePayload(codec, taken, decodeMessage(OverwritePayload, rest, field));
    }
    case 5: {
      const decoded = decodeMessage(DeletePayload, content, field);
      checkWritePlacement(decoded);
      return deletePayload(decoded);
    }
    case 6:
      return clearPayload({ points: decodeMessage(PointsSelector, content, field) });
    case 7: {
      const { taken, rest } = refuseMalformed(field, () => splitField(content, 1, pointsField));
      return updateVectors(codec, taken, decodeMessage(UpdateVectors, rest, field));
    }
    case 8: {
      const decoded = decodeMessage(DeleteVectors, content, field);
      checkWritePlacement(decoded);
      return deleteVectors(decoded);
    }
    case 9: {
      const decoded = decodeMessage(DeletePoints, content, field);
      checkWritePlacement(decoded);
      return deletePoints(decoded.points);
    }
    case 10: {
      const decoded = decodeMessage(ClearPayload, content, field);
      checkWritePlacement(decoded);
      return clearPayload(decoded);
    }
    default:
      throw notServed(`${field}: operation ${number}`);
  }
}
