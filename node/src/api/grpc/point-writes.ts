/**
 * Writes of the Points service. Points and payloads stay bytes: they are cut out of the message for the
 * native codec, and only what is around them is decoded here.
 */
import type { NativeCodec } from '../../engine/addon.js';
import type { NodeServices } from '../../service/node-services.js';
import type { WriteOperation } from '../../service/points-service.js';
import type { CallContext } from './call-context.js';
import { fieldIndexSchema } from './convert/field-index.js';
import { invalid } from './convert/field-values.js';
import { writeOptions, type WritePlacement } from './convert/placement.js';
import { operationResponse, updateResultMessage } from './convert/update-result.js';
import {
  batchedOperation,
  clearPayload,
  deletePayload,
  deletePoints,
  deleteVectors,
  overwritePayload,
  payloadField,
  pointsField,
  setPayload,
  updateVectors,
  upsert,
} from './convert/write-operation.js';
import { decodeMessage, refuseMalformed } from './decode-message.js';
import {
  ClearPayloadPoints,
  CreateFieldIndexCollection,
  DeleteFieldIndexCollection,
  DeletePayloadPoints,
  DeletePoints,
  DeletePointVectors,
  SetPayloadPoints,
  UpdateBatchPoints,
  UpdateBatchResponse,
  UpdatePointVectors,
  UpsertPoints,
} from './generated/points.js';
import type { RawMethod } from './raw-service.js';
import { splitField, wireFields } from './wire-fields.js';

/** Field number of `operations` in UpdateBatchPoints. */
const operationsField = 3;

/** Field number of `payload` in SetPayloadPoints. */
const setPayloadField = 3;

/** Operations of one batch; each may hold thousands of points. */
const operationsMax = 10_000;

/** The fields that every write has. */
interface WriteFields extends WritePlacement {
  readonly collectionName: string;
  readonly wait?: boolean | undefined;
  readonly timeout?: bigint | undefined;
}

type WriteMethod =
  | 'upsert'
  | 'delete'
  | 'updateVectors'
  | 'deleteVectors'
  | 'setPayload'
  | 'overwritePayload'
  | 'deletePayload'
  | 'clearPayload'
  | 'createFieldIndex'
  | 'deleteFieldIndex'
  | 'updateBatch';

export function pointWrites(services: NodeServices): Record<WriteMethod, RawMethod> {
  const { codec, points } = services;
  const write = async (context: CallContext, fields: WriteFields, operation: WriteOperation): Promise<Uint8Array> => {
    const options = writeOptions(context, fields);
    const result = await points.update(context.access, fields.collectionName, operation, options);
    return operationResponse(result, context.elapsedSeconds);
  };
  return {
    ...fieldIndexMethods(services),
    upsert: (request, context) => {
      const { taken, rest } = refuseMalformed('UpsertPoints', () => splitField(request, pointsField, pointsField));
      const around = decodeMessage(UpsertPoints, rest, 'UpsertPoints');
      return write(context, around, upsert(codec, taken, around));
    },
    updateVectors: (request, context) => {
      const { taken, rest } = refuseMalformed('UpdatePointVectors', () =>
        splitField(request, pointsField, pointsField),
      );
      const around = decodeMessage(UpdatePointVectors, rest, 'UpdatePointVectors');
      return write(context, around, updateVectors(codec, taken, around));
    },
    setPayload: (request, context) => {
      const { taken, rest } = splitPayload(request);
      const around = decodeMessage(SetPayloadPoints, rest, 'SetPayloadPoints');
      return write(context, around, setPayload(codec, taken, around));
    },
    overwritePayload: (request, context) => {
      const { taken, rest } = splitPayload(request);
      const around = decodeMessage(SetPayloadPoints, rest, 'SetPayloadPoints');
      return write(context, around, overwritePayload(codec, taken, around));
    },
    delete: (request, context) => {
      const message = decodeMessage(DeletePoints, request, 'DeletePoints');
      return write(context, message, deletePoints(message.points));
    },
    deleteVectors: (request, context) => {
      const message = decodeMessage(DeletePointVectors, request, 'DeletePointVectors');
      return write(context, message, deleteVectors(message));
    },
    deletePayload: (request, context) => {
      const message = decodeMessage(DeletePayloadPoints, request, 'DeletePayloadPoints');
      return write(context, message, deletePayload(message));
    },
    clearPayload: (request, context) => {
      const message = decodeMessage(ClearPayloadPoints, request, 'ClearPayloadPoints');
      return write(context, message, clearPayload(message));
    },
    updateBatch: async (request, context) => {
      const { fields, operations } = readBatch(codec, request);
      const options = writeOptions(context, fields);
      const results = await points.updateBatch(context.access, fields.collectionName, operations, options);
      const time = context.elapsedSeconds;
      return UpdateBatchResponse.encode({ result: results.map(updateResultMessage), time, usage: undefined }).finish();
    },
  };
}

function splitPayload(request: Uint8Array): ReturnType<typeof splitField> {
  return refuseMalformed('SetPayloadPoints', () => splitField(request, setPayloadField, payloadField));
}

function readBatch(
  codec: NativeCodec,
  request: Uint8Array,
): { fields: UpdateBatchPoints; operations: WriteOperation[] } {
  const { taken, rest } = refuseMalformed('UpdateBatchPoints', () =>
    splitField(request, operationsField, operationsField),
  );
  const fields = decodeMessage(UpdateBatchPoints, rest, 'UpdateBatchPoints');
  const operations: WriteOperation[] = [];
  for (const { content } of wireFields(taken)) {
    if (operations.length === operationsMax) throw invalid('operations', `more than ${operationsMax}`);
    operations.push(batchedOperation(codec, content, `operations[${operations.length}]`));
  }
  return { fields, operations };
}

function fieldIndexMethods({ points }: NodeServices): Record<'createFieldIndex' | 'deleteFieldIndex', RawMethod> {
  return {
    createFieldIndex: async (request, context) => {
      const message = decodeMessage(CreateFieldIndexCollection, request, 'CreateFieldIndexCollection');
      const options = writeOptions(context, message);
      const schema = fieldIndexSchema(message);
      const result = await points.createFieldIndex(context.access, message.collectionName, schema, options);
      return operationResponse(result, context.elapsedSeconds);
    },
    deleteFieldIndex: async (request, context) => {
      const message = decodeMessage(DeleteFieldIndexCollection, request, 'DeleteFieldIndexCollection');
      const options = writeOptions(context, message);
      const result = await points.deleteFieldIndex(context.access, message.collectionName, message.fieldName, options);
      return operationResponse(result, context.elapsedSeconds);
    },
  };
}
