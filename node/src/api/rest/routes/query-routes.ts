/** Routes that find points by score: the universal query and the older search. */
import type { NodeServices } from '../../../service/node-services.js';
import { decodeQuery, decodeSearch, decodeSearches } from '../decode/query-request.js';
import { JsonBody } from '../decode/json-body.js';
import { param, type RestAnswer, type Route } from '../request.js';
import { readOptions } from './points-routes.js';

const base = '/collections/{name}/points';

function joined(items: readonly Buffer[]): RestAnswer {
  const parts = items.flatMap((item, index) => (index === 0 ? [item] : [Buffer.from(','), item]));
  return { kind: 'result', json: Buffer.concat([Buffer.from('['), ...parts, Buffer.from(']')]) };
}

export function queryRoutes({ points, codec }: NodeServices): readonly Route[] {
  const scored = (batch: Buffer): Buffer => codec.pointsToJson(batch, 'scored');
  const inPoints = (batch: Buffer): Buffer =>
    Buffer.concat([Buffer.from('{"points":'), scored(batch), Buffer.from('}')]);
  return [
    {
      method: 'POST',
      pattern: `${base}/search`,
      handler: async (request) => {
        const options = readOptions(request);
        const body = JsonBody.parse(codec, request.body);
        const plan = decodeSearch(body, body.value);
        return {
          kind: 'result',
          json: scored(await points.query(request.access, param(request, 'name'), plan, options)),
        };
      },
    },
    {
      method: 'POST',
      pattern: `${base}/search/batch`,
      handler: async (request) => {
        const options = readOptions(request);
        const plans = decodeSearches(JsonBody.parse(codec, request.body), decodeSearch);
        const batches = await points.queryBatch(request.access, param(request, 'name'), plans, options);
        return joined(batches.map(scored));
      },
    },
    {
      method: 'POST',
      pattern: `${base}/query`,
      handler: async (request) => {
        const options = readOptions(request);
        const body = JsonBody.parse(codec, request.body);
        const plan = decodeQuery(body, body.value);
        return {
          kind: 'result',
          json: inPoints(await points.query(request.access, param(request, 'name'), plan, options)),
        };
      },
    },
    {
      method: 'POST',
      pattern: `${base}/query/batch`,
      handler: async (request) => {
        const options = readOptions(request);
        const plans = decodeSearches(JsonBody.parse(codec, request.body), decodeQuery);
        const batches = await points.queryBatch(request.access, param(request, 'name'), plans, options);
        return joined(batches.map(inPoints));
      },
    },
  ];
}
