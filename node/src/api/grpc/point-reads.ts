/** Reads of the Points service. */
import type { NodeServices } from '../../service/node-services.js';
import type { ScrollPointsRequest } from '../../service/points-service.js';
import { notServed, optionalCount } from './convert/field-values.js';
import { optionalFilter } from './convert/filter.js';
import { checkReadPlacement, readOptions } from './convert/placement.js';
import { pointId, pointIds } from './convert/point-id.js';
import { getResponse, scoredBatchResponse, scoredResponse, scrollResponse } from './convert/points-response.js';
import { batchPlans, queryPlan, searchPlan } from './convert/query.js';
import { withPayload, withVectors } from './convert/selectors.js';
import { decodeMessage } from './decode-message.js';
import {
  CountPoints,
  CountResponse,
  GetPoints,
  QueryBatchPoints,
  QueryPoints,
  ScrollPoints,
  SearchBatchPoints,
  SearchPoints,
} from './generated/points.js';
import type { RawMethod } from './raw-service.js';

/** Page size of a scroll that names none. */
const defaultPageSize = 10;

type ReadMethod = 'get' | 'scroll' | 'count' | 'search' | 'searchBatch' | 'query' | 'queryBatch';

export function pointReads(services: NodeServices): Record<ReadMethod, RawMethod> {
  const { codec, points } = services;
  return {
    ...queryMethods(services),
    get: async (request, context) => {
      const message = decodeMessage(GetPoints, request, 'GetPoints');
      const wanted = {
        ids: pointIds(message.ids, 'ids'),
        withPayload: withPayload(message.withPayload, 'all'),
        withVectors: withVectors(message.withVectors),
      };
      const options = readOptions(context, message);
      const batch = await points.retrieve(context.access, message.collectionName, wanted, options);
      return getResponse(codec, batch, context.elapsedSeconds);
    },
    scroll: async (request, context) => {
      const message = decodeMessage(ScrollPoints, request, 'ScrollPoints');
      const page = scrollRequest(message);
      const options = readOptions(context, message);
      const scrolled = await points.scroll(context.access, message.collectionName, page, options);
      return scrollResponse(codec, scrolled, context.elapsedSeconds);
    },
    count: async (request, context) => {
      const message = decodeMessage(CountPoints, request, 'CountPoints');
      const wanted = { filter: optionalFilter(message.filter, 'filter'), exact: message.exact ?? true };
      const options = readOptions(context, message);
      const count = await points.count(context.access, message.collectionName, wanted, options);
      const time = context.elapsedSeconds;
      return CountResponse.encode({ result: { count: BigInt(count) }, time, usage: undefined }).finish();
    },
  };
}

function scrollRequest(message: ScrollPoints): ScrollPointsRequest {
  checkReadPlacement(message);
  if (message.orderBy !== undefined) throw notServed('order_by');
  return {
    filter: optionalFilter(message.filter, 'filter'),
    offset: message.offset === undefined ? null : pointId(message.offset, 'offset'),
    limit: optionalCount(message.limit, 'limit', { min: 1 }) ?? defaultPageSize,
    withPayload: withPayload(message.withPayload, 'all'),
    withVectors: withVectors(message.withVectors),
  };
}

function queryMethods({
  codec,
  points,
}: NodeServices): Record<'search' | 'searchBatch' | 'query' | 'queryBatch', RawMethod> {
  return {
    search: async (request, context) => {
      const message = decodeMessage(SearchPoints, request, 'SearchPoints');
      const options = readOptions(context, message);
      const batch = await points.query(context.access, message.collectionName, searchPlan(message), options);
      return scoredResponse(codec, batch, context.elapsedSeconds);
    },
    query: async (request, context) => {
      const message = decodeMessage(QueryPoints, request, 'QueryPoints');
      const options = readOptions(context, message);
      const batch = await points.query(context.access, message.collectionName, queryPlan(message), options);
      return scoredResponse(codec, batch, context.elapsedSeconds);
    },
    searchBatch: async (request, context) => {
      const message = decodeMessage(SearchBatchPoints, request, 'SearchBatchPoints');
      const plans = batchPlans(message.searchPoints, searchPlan, 'search_points');
      const options = readOptions(context, message);
      const batches = await points.queryBatch(context.access, message.collectionName, plans, options);
      return scoredBatchResponse(codec, batches, context.elapsedSeconds);
    },
    queryBatch: async (request, context) => {
      const message = decodeMessage(QueryBatchPoints, request, 'QueryBatchPoints');
      const plans = batchPlans(message.queryPoints, queryPlan, 'query_points');
      const options = readOptions(context, message);
      const batches = await points.queryBatch(context.access, message.collectionName, plans, options);
      return scoredBatchResponse(codec, batches, context.elapsedSeconds);
    },
  };
}
