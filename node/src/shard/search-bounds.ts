import type { SearchRequest } from '../engine/addon.js';

/**
 * The request with bounds that the shard can fill. No answer is longer than what there is, and the engine
 * sizes its lists by what is asked for.
 */
export function withinPoints(request: SearchRequest, points: number): SearchRequest {
  const most = Math.max(points, 1);
  if (request.limit <= most && request.offset <= most && request.ef <= most) return request;
  return {
    ...request,
    limit: Math.min(request.limit, most),
    offset: Math.min(request.offset, most),
    ef: Math.min(request.ef, most),
  };
}
