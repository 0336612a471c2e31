/** Routes on points: writes, reads by id, scroll and count. */
import { ServiceError } from '../../../errors.js';
import type { NativeCodec } from '../../../engine/addon.js';
import type { NodeServices } from '../../../service/node-services.js';
import type { ReadOptions, UpdateResult, WriteOperation, WriteOptions } from '../../../service/points-service.js';
import { Fields } from '../decode/fields.js';
import { decodePointId, decodePointIds, decodeRestFilter, pointIdFromPath } from '../decode/filter-request.js';
import { JsonBody, validText } from '../decode/json-body.js';
import {
  decodeWrite,
  decodeWriteBatch,
  updateVectorsFromJson,
  upsertFromJson,
  type RestWriteKind,
} from '../decode/points-request.js';
import { payloadSelector, vectorSelector } from '../decode/selector-request.js';
import {
  param,
  queryBool,
  queryConsistency,
  queryOrdering,
  queryTimeoutMs,
  result,
  type RestAnswer,
  type RestHandler,
  type RestRequest,
  type Route,
} from '../request.js';

const base = '/collections/{name}/points';

/** Page size when none is asked for. */
const defaultScrollLimit = 10;

export function writeOptions(request: RestRequest): WriteOptions {
  return {
    wait: queryBool(request, 'wait') ?? false,
    ordering: queryOrdering(request),
    timeoutMs: queryTimeoutMs(request),
  };
}

export function readOptions(request: RestRequest): ReadOptions {
  return {
    consistency: queryConsistency(request),
    routeAffinity: request.routeAffinity,
    timeoutMs: queryTimeoutMs(request),
  };
}

export function updateResultBody(update: UpdateResult): object {
  return { operation_id: update.operationId, status: update.status };
}

function idText(id: bigint | string): string {
  return typeof id === 'bigint' ? id.toString() : JSON.stringify(id);
}

export function pointsRoutes(services: NodeServices): readonly Route[] {
  return [
    ...writeRoutes(services),
    retrieveRoute(services),
    pointRoute(services),
    scrollRoute(services),
    countRoute(services),
  ];
}

function writeRoutes({ points, codec }: NodeServices): readonly Route[] {
  const write =
    (decode: (request: RestRequest) => WriteOperation): RestHandler =>
    async (request) => {
      const options = writeOptions(request);
      const update = await points.update(request.access, param(request, 'name'), decode(request), options);
      return result(updateResultBody(update));
    };
  const writeOf = (kind: RestWriteKind): RestHandler =>
    write((request) => decodeWrite(codec, kind, validText(codec, request.body)));
  return [
    { method: 'PUT', pattern: base, handler: write(({ body }) => upsertFromJson(codec, body)) },
    { method: 'POST', pattern: `${base}/delete`, handler: writeOf('delete') },
    { method: 'POST', pattern: `${base}/payload`, handler: writeOf('set_payload') },
    { method: 'PUT', pattern: `${base}/payload`, handler: writeOf('overwrite_payload') },
    { method: 'POST', pattern: `${base}/payload/delete`, handler: writeOf('delete_payload') },
    { method: 'POST', pattern: `${base}/payload/clear`, handler: writeOf('clear_payload') },
    { method: 'PUT', pattern: `${base}/vectors`, handler: write(({ body }) => updateVectorsFromJson(codec, body)) },
    { method: 'POST', pattern: `${base}/vectors/delete`, handler: writeOf('delete_vectors') },
    {
      method: 'POST',
      pattern: `${base}/batch`,
      handler: async (request) => {
        const options = writeOptions(request);
        const operations = decodeWriteBatch(codec, validText(codec, request.body));
        const updates = await points.updateBatch(request.access, param(request, 'name'), operations, options);
        return result(updates.map(updateResultBody));
      },
    },
  ];
}

function records(codec: NativeCodec, batch: Buffer): RestAnswer {
  return { kind: 'result', json: codec.pointsToJson(batch, 'record') };
}

function retrieveRoute({ points, codec }: NodeServices): Route {
  return {
    method: 'POST',
    pattern: base,
    handler: async (request) => {
      const options = readOptions(request);
      const fields = Fields.of(JsonBody.parsePlain(codec, request.body));
      fields.refuse('shard_key');
      const ids = decodePointIds(fields.required('ids'), 'ids');
      const batch = await points.retrieve(
        request.access,
        param(request, 'name'),
        {
          ids,
          withPayload: fields.read('with_payload', payloadSelector) ?? { mode: 'all' },
          withVectors: fields.read('with_vector', vectorSelector) ?? { mode: 'none' },
        },
        options,
      );
      return records(codec, batch);
    },
  };
}

function pointRoute({ points, codec }: NodeServices): Route {
  return {
    method: 'GET',
    pattern: `${base}/{id}`,
    handler: async (request) => {
      const options = readOptions(request);
      const text = param(request, 'id');
      const id = pointIdFromPath(text);
      if (id === null) throw new ServiceError('bad-input', `Can not recognize "${text.slice(0, 80)}" as point id`);
      const all = { ids: [id], withPayload: { mode: 'all' }, withVectors: { mode: 'all' } } as const;
      const batch = await points.retrieve(request.access, param(request, 'name'), all, options);
      const list = codec.pointsToJson(batch, 'record').toString('utf8');
      if (list === '[]') throw new ServiceError('not-found', `Point with id ${text} does not exists!`);
      // The list holds the one record.
      return { kind: 'result', json: list.slice(1, -1) };
    },
  };
}

function scrollRoute({ points, codec }: NodeServices): Route {
  return {
    method: 'POST',
    pattern: `${base}/scroll`,
    handler: async (request) => {
      const options = readOptions(request);
      const fields = Fields.of(JsonBody.parsePlain(codec, request.body));
      fields.refuse('shard_key', 'order_by');
      const filter = fields.get('filter');
      const page = await points.scroll(
        request.access,
        param(request, 'name'),
        {
          filter: filter === undefined ? null : decodeRestFilter(filter, 'filter'),
          offset: fields.read('offset', decodePointId) ?? null,
          limit: fields.count('limit', { min: 1 }) ?? defaultScrollLimit,
          withPayload: fields.read('with_payload', payloadSelector) ?? { mode: 'all' },
          withVectors: fields.read('with_vector', vectorSelector) ?? { mode: 'none' },
        },
        options,
      );
      const next = page.nextOffset === null ? 'null' : idText(page.nextOffset);
      const json = Buffer.concat([
        Buffer.from('{"points":'),
        codec.pointsToJson(page.points, 'record'),
        Buffer.from(`,"next_page_offset":${next}}`),
      ]);
      return { kind: 'result', json };
    },
  };
}

function countRoute({ points, codec }: NodeServices): Route {
  return {
    method: 'POST',
    pattern: `${base}/count`,
    handler: async (request) => {
      const options = readOptions(request);
      const fields = Fields.of(JsonBody.parsePlain(codec, request.body));
      fields.refuse('shard_key');
      const filter = fields.get('filter');
      const count = await points.count(
        request.access,
        param(request, 'name'),
        {
          filter: filter === undefined ? null : decodeRestFilter(filter, 'filter'),
          exact: fields.bool('exact') ?? true,
        },
        options,
      );
      return result({ count });
    },
  };
}
