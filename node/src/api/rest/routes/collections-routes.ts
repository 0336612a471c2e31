/** Routes on collections and their payload indexes. */
import type { NodeServices } from '../../../service/node-services.js';
import { parse } from 'lossless-json';
import { decodeCollectionChange, decodeCreateCollection } from '../decode/collection-request.js';
import { decodeFieldIndex } from '../decode/field-index-request.js';
import { JsonBody, validText } from '../decode/json-body.js';
import { objectTexts } from '../decode/json-text.js';
import { collectionInfoJson } from '../encode/collection-info.js';
import { param, queryTimeoutMs, result, type RestRequest, type Route } from '../request.js';
import { updateResultBody, writeOptions } from './points-routes.js';

export function collectionsRoutes(services: NodeServices): readonly Route[] {
  return [...collectionRoutes(services), ...fieldIndexRoutes(services), ...aliasRoutes(services)];
}

function collectionRoutes({ collections, codec }: NodeServices): readonly Route[] {
  /** The body, and its field `metadata` as it was written. */
  const bodyOf = ({ body }: RestRequest): { readonly value: unknown; readonly metadata: string | undefined } => {
    const text = validText(codec, body);
    const value = parse(text, null, { onDuplicateKey: ({ newValue }) => newValue });
    return { value, metadata: text.trimStart().startsWith('{') ? objectTexts(text).get('metadata') : undefined };
  };
  return [
    {
      method: 'GET',
      pattern: '/collections',
      handler: ({ access }) => result({ collections: collections.list(access).map((name) => ({ name })) }),
    },
    {
      method: 'GET',
      pattern: '/collections/{name}',
      handler: async (request) => ({
        kind: 'result',
        json: collectionInfoJson(await collections.info(request.access, param(request, 'name'))),
      }),
    },
    {
      method: 'GET',
      pattern: '/collections/{name}/exists',
      handler: (request) => result({ exists: collections.exists(request.access, param(request, 'name')) }),
    },
    {
      method: 'PUT',
      pattern: '/collections/{name}',
      handler: async (request) => {
        const timeoutMs = queryTimeoutMs(request);
        const { value, metadata } = bodyOf(request);
        const decoded = decodeCreateCollection(value, metadata);
        return result(await collections.create(request.access, param(request, 'name'), decoded, timeoutMs));
      },
    },
    {
      method: 'PATCH',
      pattern: '/collections/{name}',
      handler: async (request) => {
        const timeoutMs = queryTimeoutMs(request);
        const { value, metadata } = bodyOf(request);
        const decoded = decodeCollectionChange(value, metadata);
        return result(await collections.update(request.access, param(request, 'name'), decoded, timeoutMs));
      },
    },
    {
      method: 'DELETE',
      pattern: '/collections/{name}',
      handler: async (request) => {
        const timeoutMs = queryTimeoutMs(request);
        return result(await collections.delete(request.access, param(request, 'name'), timeoutMs));
      },
    },
  ];
}

function fieldIndexRoutes({ points, codec }: NodeServices): readonly Route[] {
  return [
    {
      method: 'PUT',
      pattern: '/collections/{name}/index',
      handler: async (request) => {
        const options = writeOptions(request);
        const index = decodeFieldIndex(JsonBody.parsePlain(codec, request.body));
        const update = await points.createFieldIndex(request.access, param(request, 'name'), index, options);
        return result(updateResultBody(update));
      },
    },
    {
      method: 'DELETE',
      pattern: '/collections/{name}/index/{field}',
      handler: async (request) => {
        const options = writeOptions(request);
        const path = param(request, 'field');
        const update = await points.deleteFieldIndex(request.access, param(request, 'name'), path, options);
        return result(updateResultBody(update));
      },
    },
  ];
}

/** No alias can be made yet, so there are none. */
function aliasRoutes({ collections }: NodeServices): readonly Route[] {
  return [
    {
      method: 'GET',
      pattern: '/collections/{name}/aliases',
      handler: (request) => {
        collections.check(request.access, param(request, 'name'));
        return result({ aliases: [] });
      },
    },
    { method: 'GET', pattern: '/aliases', handler: () => result({ aliases: [] }) },
  ];
}
