/** Routes on the cluster and on where the shards of a collection are. */
import { ServiceError } from '../../../errors.js';
import { isPeerId } from '../../../metadata/peer-id.js';
import type { NodeServices } from '../../../service/node-services.js';
import { decodeClusterChange } from '../decode/cluster-change.js';
import { JsonBody } from '../decode/json-body.js';
import { clusterStatusBody, collectionClusterBody } from '../encode/cluster.js';
import { param, queryBool, queryTimeoutMs, result, type RestRequest, type Route } from '../request.js';

/** A change of a cluster, refused on a single node before anything else is looked at. */
function standalone(): never {
  throw new ServiceError('standalone', '');
}

export function clusterRoutes({ cluster, codec }: NodeServices): readonly Route[] {
  const onCluster =
    (handler: Route['handler']): Route['handler'] =>
    (request) =>
      cluster.status(request.access) === null ? standalone() : handler(request);
  return [
    {
      method: 'GET',
      pattern: '/cluster',
      handler: ({ access }) => result(clusterStatusBody(cluster.status(access))),
    },
    {
      method: 'POST',
      pattern: '/cluster/recover',
      handler: onCluster(async ({ access }) => {
        await cluster.recover(access);
        return result(true);
      }),
    },
    {
      method: 'DELETE',
      pattern: '/cluster/peer/{peer_id}',
      handler: onCluster(async (request) => {
        const options = { force: queryBool(request, 'force') ?? false, timeoutMs: queryTimeoutMs(request) };
        await cluster.removePeer(request.access, peerOf(request), options);
        return result(true);
      }),
    },
    {
      method: 'GET',
      pattern: '/collections/{name}/cluster',
      handler: (request) =>
        result(collectionClusterBody(cluster.collectionInfo(request.access, param(request, 'name')))),
    },
    {
      method: 'POST',
      pattern: '/collections/{name}/cluster',
      handler: onCluster(async (request) => {
        const options = { timeoutMs: queryTimeoutMs(request) };
        const change = decodeClusterChange(JsonBody.parsePlain(codec, request.body));
        await cluster.changeCollection(request.access, param(request, 'name'), change, options);
        return result(true);
      }),
    },
    shardKeyRoute('PUT', '/collections/{name}/shards', onCluster),
    shardKeyRoute('POST', '/collections/{name}/shards/delete', onCluster),
  ];
}

function peerOf(request: RestRequest): number {
  const text = param(request, 'peer_id');
  const peer = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (!isPeerId(peer)) {
    throw new ServiceError('format', `Format error in path parameters: ${text.slice(0, 40)} is not a peer id`);
  }
  return peer;
}

function shardKeyRoute(
  method: 'PUT' | 'POST',
  pattern: string,
  onCluster: (handler: Route['handler']) => Route['handler'],
): Route {
  const refuse = (): never => {
    throw new ServiceError('bad-request', 'Shard keys are not supported by this version');
  };
  return { method, pattern, handler: onCluster(refuse) };
}
