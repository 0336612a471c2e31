/** The Collections service: each method decodes, asks the collections use cases, and encodes. */
import type { NativeCodec } from '../../engine/addon.js';
import type { NodeServices } from '../../service/node-services.js';
import type { CallContext } from './call-context.js';
import { clusterMethods } from './cluster-methods.js';
import { collectionChange } from './convert/collection-change.js';
import { collectionInfo } from './convert/collection-info.js';
import { createCollection } from './convert/create-collection.js';
import { payloadField } from './convert/write-operation.js';
import { decodeMessage, refuseMalformed } from './decode-message.js';
import {
  CollectionExistsRequest,
  CollectionExistsResponse,
  CollectionOperationResponse,
  CreateCollection,
  DeleteCollection,
  GetCollectionInfoRequest,
  GetCollectionInfoResponse,
  ListAliasesResponse,
  ListCollectionAliasesRequest,
  ListCollectionsResponse,
  UpdateCollection,
} from './generated/collections.js';
import type { CollectionsDefinition } from './generated/collections_service.js';
import type { RawMethod, RawMethods } from './raw-service.js';
import { splitField } from './wire-fields.js';

/** Field numbers of `metadata`. */
const createMetadataField = 18;
const updateMetadataField = 10;

export function collectionsMethods(services: NodeServices): RawMethods<typeof CollectionsDefinition> {
  return {
    ...changeMethods(services),
    ...lookMethods(services),
    updateAliases: 'not-served',
    ...clusterMethods(services),
  };
}

/** The metadata of a message as JSON text, and the message without it. */
function cutMetadata(
  codec: NativeCodec,
  request: Uint8Array,
  field: number,
  name: string,
): { readonly metadata: string | undefined; readonly rest: Uint8Array } {
  const { taken, rest } = refuseMalformed(name, () => splitField(request, field, payloadField));
  return { metadata: taken.length === 0 ? undefined : codec.payloadFromMessage(taken).toString('utf8'), rest };
}

function operationResponse(result: boolean, context: CallContext): Uint8Array {
  return CollectionOperationResponse.encode({ result, time: context.elapsedSeconds }).finish();
}

function changeMethods({ codec, collections }: NodeServices): Record<'create' | 'update' | 'delete', RawMethod> {
  return {
    create: async (request, context) => {
      const { metadata, rest } = cutMetadata(codec, request, createMetadataField, 'CreateCollection');
      const message = decodeMessage(CreateCollection, rest, 'CreateCollection');
      const timeoutMs = context.changeTimeoutMs(message.timeout);
      const wanted = createCollection(message, metadata);
      const created = await collections.create(context.access, message.collectionName, wanted, timeoutMs);
      return operationResponse(created, context);
    },
    update: async (request, context) => {
      const { metadata, rest } = cutMetadata(codec, request, updateMetadataField, 'UpdateCollection');
      const message = decodeMessage(UpdateCollection, rest, 'UpdateCollection');
      const timeoutMs = context.changeTimeoutMs(message.timeout);
      const change = collectionChange(message, metadata);
      const updated = await collections.update(context.access, message.collectionName, change, timeoutMs);
      return operationResponse(updated, context);
    },
    delete: async (request, context) => {
      const message = decodeMessage(DeleteCollection, request, 'DeleteCollection');
      const timeoutMs = context.changeTimeoutMs(message.timeout);
      return operationResponse(await collections.delete(context.access, message.collectionName, timeoutMs), context);
    },
  };
}

type LookMethod = 'get' | 'list' | 'collectionExists' | 'listAliases' | 'listCollectionAliases';

function lookMethods({ collections }: NodeServices): Record<LookMethod, RawMethod> {
  return {
    get: async (request, context) => {
      const { collectionName } = decodeMessage(GetCollectionInfoRequest, request, 'GetCollectionInfoRequest');
      const result = collectionInfo(await collections.info(context.access, collectionName));
      return GetCollectionInfoResponse.encode({ result, time: context.elapsedSeconds }).finish();
    },
    list: (_request, context) => {
      const names = collections.list(context.access);
      const time = context.elapsedSeconds;
      return ListCollectionsResponse.encode({ collections: names.map((name) => ({ name })), time }).finish();
    },
    collectionExists: (request, context) => {
      const { collectionName } = decodeMessage(CollectionExistsRequest, request, 'CollectionExistsRequest');
      const result = { exists: collections.exists(context.access, collectionName) };
      return CollectionExistsResponse.encode({ result, time: context.elapsedSeconds }).finish();
    },
    // No alias can be made yet, so there are none.
    listAliases: (_request, context) =>
      ListAliasesResponse.encode({ aliases: [], time: context.elapsedSeconds }).finish(),
    listCollectionAliases: (request, context) => {
      const { collectionName } = decodeMessage(ListCollectionAliasesRequest, request, 'ListCollectionAliasesRequest');
      collections.check(context.access, collectionName);
      return ListAliasesResponse.encode({ aliases: [], time: context.elapsedSeconds }).finish();
    },
  };
}
