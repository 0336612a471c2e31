/** The methods of the Collections service on where shards are. */
import { ServiceError } from '../../errors.js';
import type { NodeServices } from '../../service/node-services.js';
import { clusterChange, collectionClusterInfo } from './convert/cluster.js';
import { decodeMessage } from './decode-message.js';
import {
  CollectionClusterInfoRequest,
  CollectionClusterInfoResponse,
  UpdateCollectionClusterSetupRequest,
  UpdateCollectionClusterSetupResponse,
} from './generated/collections.js';
import type { RawMethod } from './raw-service.js';

type ClusterMethod =
  'collectionClusterInfo' | 'updateCollectionClusterSetup' | 'createShardKey' | 'deleteShardKey' | 'listShardKeys';

export function clusterMethods({ cluster }: NodeServices): Record<ClusterMethod, RawMethod> {
  /** A single node refuses before anything else is looked at. */
  const onCluster =
    (method: RawMethod): RawMethod =>
    (request, context) => {
      if (cluster.status(context.access) === null) throw new ServiceError('standalone', '');
      return method(request, context);
    };
  const refuseShardKeys = onCluster(() => {
    throw new ServiceError('bad-request', 'Shard keys are not supported by this version');
  });
  return {
    collectionClusterInfo: (request, context) => {
      const { collectionName } = decodeMessage(CollectionClusterInfoRequest, request, 'CollectionClusterInfoRequest');
      const info = cluster.collectionInfo(context.access, collectionName);
      return CollectionClusterInfoResponse.encode(collectionClusterInfo(info)).finish();
    },
    updateCollectionClusterSetup: onCluster(async (request, context) => {
      const name = 'UpdateCollectionClusterSetupRequest';
      const message = decodeMessage(UpdateCollectionClusterSetupRequest, request, name);
      const options = { timeoutMs: context.changeTimeoutMs(message.timeout) };
      await cluster.changeCollection(context.access, message.collectionName, clusterChange(message), options);
      return UpdateCollectionClusterSetupResponse.encode({ result: true }).finish();
    }),
    createShardKey: refuseShardKeys,
    deleteShardKey: refuseShardKeys,
    listShardKeys: refuseShardKeys,
  };
}
