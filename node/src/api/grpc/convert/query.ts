/** Query and Search messages to query plans. */
import {
  defaultSearchParams,
  queryLimits,
  type NearestTarget,
  type QueryNode,
  type QueryPlan,
  type SearchParams as PlanParams,
} from '../../../query/query-plan.js';
import type {
  Query,
  QueryPoints,
  SearchParams,
  SearchPoints,
  VectorInput,
  WithVectorsSelector,
} from '../generated/points.js';
import type { Filter } from '../generated/qdrant_common.js';
import { count, finite, invalid, missing, notServed, optionalCount } from './field-values.js';
import { optionalFilter } from './filter.js';
import { pointId } from './point-id.js';
import { checkReadPlacement } from './placement.js';
import { withPayload, withVectors } from './selectors.js';

/** What the original answers with when a query sets no limit. */
const defaultLimit = 10;

export function queryPlan(message: QueryPoints): QueryPlan {
  if (message.prefetch.length > 0) throw notServed('prefetch');
  if (message.lookupFrom !== undefined) throw notServed('lookup_from');
  checkReadPlacement(message);
  return {
    node: queryNode(message.query, message.using ?? ''),
    limit: optionalCount(message.limit, 'limit', { min: 1 }) ?? defaultLimit,
    withPayload: withPayload(message.withPayload, 'none'),
    ...sharedParts(message),
  };
}

export function searchPlan(message: SearchPoints): QueryPlan {
  if (message.sparseIndices !== undefined) throw notServed('sparse_indices');
  checkReadPlacement(message);
  return {
    node: {
      kind: 'nearest',
      target: { kind: 'vector', vector: denseVector(message.vector, 'vector') },
      using: message.vectorName ?? '',
    },
    limit: count(message.limit, 'limit', { min: 1 }),
    withPayload: withPayload(message.withPayload, 'none'),
    ...sharedParts(message),
  };
}

/** The fields that queries and searches have in common. */
interface SharedFields {
  readonly filter?: Filter | undefined;
  readonly params?: SearchParams | undefined;
  readonly scoreThreshold?: number | undefined;
  readonly offset?: bigint | undefined;
  readonly withVectors?: WithVectorsSelector | undefined;
}

/** The plans of a batch; `field` is that of the list. */
export function batchPlans<T>(messages: readonly T[], plan: (message: T) => QueryPlan, field: string): QueryPlan[] {
  if (messages.length > queryLimits.batchMax) {
    throw invalid(field, `holds ${messages.length} queries, the most is ${queryLimits.batchMax}`);
  }
  return messages.map(plan);
}

type SharedParts = Pick<QueryPlan, 'filter' | 'params' | 'scoreThreshold' | 'offset' | 'withVectors'>;

function sharedParts(message: SharedFields): SharedParts {
  const { scoreThreshold } = message;
  return {
    filter: optionalFilter(message.filter, 'filter'),
    params: searchParams(message.params),
    scoreThreshold: scoreThreshold === undefined ? null : finite(scoreThreshold, 'score_threshold'),
    offset: optionalCount(message.offset, 'offset') ?? 0,
    withVectors: withVectors(message.withVectors),
  };
}

function searchParams(message: SearchParams | undefined): PlanParams {
  if (message === undefined) return defaultSearchParams;
  if (message.quantization !== undefined) throw notServed('params.quantization');
  if (message.acorn?.enable === true) throw notServed('params.acorn');
  return {
    hnswEf: optionalCount(message.hnswEf, 'params.hnsw_ef', { min: 1, max: queryLimits.hnswEfMax }) ?? null,
    exact: message.exact ?? false,
    indexedOnly: message.indexedOnly ?? false,
  };
}

function queryNode(query: Query | undefined, using: string): QueryNode {
  if (query === undefined) return { kind: 'by-id' };
  const { variant } = query;
  if (variant === undefined) throw missing('query');
  switch (variant.$case) {
    case 'nearest':
      return { kind: 'nearest', target: nearestTarget(variant.value), using };
    case 'nearestWithMmr':
      throw notServed('query.nearest_with_mmr');
    case 'recommend':
      throw notServed('query.recommend');
    case 'discover':
      throw notServed('query.discover');
    case 'context':
      throw notServed('query.context');
    case 'orderBy':
      throw notServed('query.order_by');
    case 'fusion':
      throw notServed('query.fusion');
    case 'sample':
      throw notServed('query.sample');
    case 'formula':
      throw notServed('query.formula');
    case 'rrf':
      throw notServed('query.rrf');
    case 'relevanceFeedback':
      throw notServed('query.relevance_feedback');
  }
}

function nearestTarget({ variant }: VectorInput): NearestTarget {
  if (variant === undefined) throw missing('query.nearest');
  switch (variant.$case) {
    case 'id':
      return { kind: 'point', id: pointId(variant.value, 'query.nearest.id') };
    case 'dense':
      return { kind: 'vector', vector: denseVector(variant.value.data, 'query.nearest.dense') };
    case 'sparse':
      throw notServed('query.nearest.sparse');
    case 'multiDense':
      throw notServed('query.nearest.multi_dense');
    case 'document':
      throw notServed('query.nearest.document');
    case 'image':
      throw notServed('query.nearest.image');
    case 'object':
      throw notServed('query.nearest.object');
  }
}

function denseVector(values: readonly number[], field: string): Float32Array {
  if (values.length === 0) throw missing(field);
  const vector = new Float32Array(values);
  // A plain loop, because it runs over every component of every query.
  for (let index = 0; index < vector.length; index += 1) {
    if (!Number.isFinite(vector[index])) throw invalid(`${field}[${index}]`, 'not a finite number');
  }
  return vector;
}
