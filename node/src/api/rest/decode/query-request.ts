/** Bodies of searches and queries, to the nodes of a query plan. */
import { isLosslessNumber } from 'lossless-json';
import type { PayloadSelector, VectorSelector } from '../../../payload/selectors.js';
import {
  queryLimits,
  type NearestTarget,
  type QueryNode,
  type QueryPlan,
  type SearchParams,
} from '../../../query/query-plan.js';
import {
  asFloat,
  asList,
  asText,
  Fields,
  expected,
  formatError,
  isPlainObject,
  notServed,
  validationError,
} from './fields.js';
import { decodeRestFilter, decodePointId } from './filter-request.js';
import type { JsonBody } from './json-body.js';
import { payloadSelector, vectorSelector } from './selector-request.js';

const defaultLimit = 10;

function searchParams(fields: Fields): SearchParams {
  const params = fields.object('params');
  params?.refuse('quantization', 'acorn');
  return {
    hnswEf: params?.count('hnsw_ef', { min: 1, max: queryLimits.hnswEfMax }) ?? null,
    exact: params?.bool('exact') ?? false,
    indexedOnly: params?.bool('indexed_only') ?? false,
  };
}

/** A dense vector; whatever else the original takes at this place is refused by name. */
function denseVector(body: JsonBody, value: unknown, path: string): Float32Array {
  const lifted = body.lifted(value);
  if (lifted !== null) return lifted;
  if (isPlainObject(value)) {
    if ('indices' in value) throw notServed(`${path}: a search by sparse vector`);
    if (['text', 'image', 'object', 'model'].some((key) => key in value)) throw notServed(`${path}: inference`);
    throw expected(path, 'a list of numbers', value);
  }
  const list = asList(value, path);
  if (list.some((element) => Array.isArray(element) || body.lifted(element) !== null)) {
    throw notServed(`${path}: a search by multivector`);
  }
  const vector = new Float32Array(list.length);
  list.forEach((element, index) => {
    vector[index] = asFloat(element, `${path}[${index}]`);
  });
  return vector;
}

/** Kinds of queries of the original, as keys of the query object. */
const otherQueries = [
  'recommend',
  'discover',
  'context',
  'order_by',
  'fusion',
  'rrf',
  'formula',
  'sample',
  'relevance_feedback',
] as const;

function nearestTarget(body: JsonBody, value: unknown, path: string): NearestTarget {
  if (typeof value === 'string' || isLosslessNumber(value)) return { kind: 'point', id: decodePointId(value, path) };
  return { kind: 'vector', vector: denseVector(body, value, path) };
}

function queryNode(body: JsonBody, fields: Fields, using: string): QueryNode {
  const query = fields.get('query');
  if (query === undefined) return { kind: 'by-id' };
  const path = fields.at('query');
  if (isPlainObject(query) && body.lifted(query) === null) {
    const other = otherQueries.find((name) => name in query);
    if (other !== undefined) throw notServed(`${path}.${other}`);
    if ('nearest' in query) {
      const nearest = Fields.of(query, path);
      nearest.refuse('mmr');
      return {
        kind: 'nearest',
        using,
        target: nearestTarget(body, nearest.required('nearest'), nearest.at('nearest')),
      };
    }
  }
  return { kind: 'nearest', using, target: nearestTarget(body, query, path) };
}

interface Selectors {
  readonly withPayload: PayloadSelector;
  readonly withVectors: VectorSelector;
}

function selectors(fields: Fields): Selectors {
  return {
    withPayload: fields.read('with_payload', payloadSelector) ?? { mode: 'none' },
    withVectors: fields.read('with_vector', vectorSelector) ??
      fields.read('with_vectors', vectorSelector) ?? { mode: 'none' },
  };
}

function filterOf(body: JsonBody, fields: Fields): QueryPlan['filter'] {
  const filter = fields.get('filter');
  return filter === undefined ? null : decodeRestFilter(body.exact(filter), fields.at('filter'));
}

export function decodeQuery(body: JsonBody, value: unknown, path = ''): QueryPlan {
  const fields = Fields.of(value, path);
  const prefetch = fields.get('prefetch');
  if (prefetch !== undefined && !(Array.isArray(prefetch) && prefetch.length === 0))
    throw notServed(fields.at('prefetch'));
  fields.refuse('lookup_from', 'shard_key');
  const node = queryNode(body, fields, fields.text('using') ?? '');
  return {
    node,
    filter: filterOf(body, fields),
    params: searchParams(fields),
    scoreThreshold: fields.float('score_threshold') ?? null,
    limit: fields.count('limit', { min: 1 }) ?? defaultLimit,
    offset: fields.count('offset') ?? 0,
    ...selectors(fields),
  };
}

/** The older search: a vector, or a vector with its name. */
export function decodeSearch(body: JsonBody, value: unknown, path = ''): QueryPlan {
  const fields = Fields.of(value, path);
  fields.refuse('shard_key');
  const given = fields.required('vector');
  let using = '';
  let vector = given;
  let vectorPath = fields.at('vector');
  if (isPlainObject(given) && body.lifted(given) === null && 'name' in given) {
    const named = Fields.of(given, vectorPath);
    using = asText(named.required('name'), named.at('name'));
    vector = named.required('vector');
    vectorPath = named.at('vector');
  }
  const limit = fields.count('limit', { min: 1 });
  if (limit === undefined) throw formatError(path, 'missing field `limit`');
  return {
    node: { kind: 'nearest', using, target: { kind: 'vector', vector: denseVector(body, vector, vectorPath) } },
    filter: filterOf(body, fields),
    params: searchParams(fields),
    scoreThreshold: fields.float('score_threshold') ?? null,
    limit,
    offset: fields.count('offset') ?? 0,
    ...selectors(fields),
  };
}

export function decodeSearches(
  body: JsonBody,
  decode: (body: JsonBody, value: unknown, path: string) => QueryPlan,
): readonly QueryPlan[] {
  const searches = asList(Fields.of(body.value).required('searches'), 'searches');
  if (searches.length > queryLimits.batchMax) {
    throw validationError('searches', `holds ${searches.length} searches, the most is ${queryLimits.batchMax}`);
  }
  return searches.map((search, index) => decode(body, search, `searches[${index}]`));
}
