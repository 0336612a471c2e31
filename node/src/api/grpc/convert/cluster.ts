/** Messages on where the shards of a collection are. */
import { peerIdMax, type PeerId } from '../../../metadata/peer-id.js';
import type { ReplicaState as StoredState } from '../../../metadata/replica-state.js';
import type { ClusterChange, CollectionClusterInfo } from '../../../service/cluster-service.js';
import {
  ReplicaState,
  ShardTransferMethod,
  type AbortShardTransfer,
  type CollectionClusterInfoResponse,
  type MoveShard,
  type UpdateCollectionClusterSetupRequest,
} from '../generated/collections.js';
import { count, invalid, missing, notServed, refuse, unknownVariant } from './field-values.js';

export function collectionClusterInfo(info: CollectionClusterInfo): CollectionClusterInfoResponse {
  return {
    peerId: BigInt(info.self),
    shardCount: BigInt(info.shardCount),
    localShards: info.localShards.map(({ shard, points, state }) => ({
      shardId: shard,
      pointsCount: BigInt(points),
      state: replicaState(state),
      shardKey: undefined,
    })),
    remoteShards: info.remoteShards.map(({ shard, peer, state }) => ({
      shardId: shard,
      peerId: BigInt(peer),
      state: replicaState(state),
      shardKey: undefined,
    })),
    shardTransfers: info.transfers.map(({ shard, from, to, sync }) => ({
      shardId: shard,
      toShardId: undefined,
      from: BigInt(from),
      to: BigInt(to),
      sync,
    })),
    reshardingOperations: [],
  };
}

/** The names of the states are those of the messages. */
function replicaState(state: StoredState): ReplicaState {
  return ReplicaState[state];
}

export function clusterChange({ operation }: UpdateCollectionClusterSetupRequest): ClusterChange {
  switch (operation?.$case) {
    case undefined:
      throw missing('operation');
    case 'moveShard':
      return { kind: 'move-shard', ...copy(operation.value, 'move_shard') };
    case 'replicateShard':
      return { kind: 'replicate-shard', ...copy(operation.value, 'replicate_shard') };
    case 'abortTransfer':
      return { kind: 'abort-transfer', ...way(operation.value, 'abort_transfer') };
    case 'dropReplica': {
      const { shardId, peerId } = operation.value;
      return { kind: 'drop-replica', shard: shardId, peer: peer(peerId, 'drop_replica.peer_id') };
    }
    case 'createShardKey':
      throw notServed('create_shard_key');
    case 'deleteShardKey':
      throw notServed('delete_shard_key');
    case 'restartTransfer':
      throw notServed('restart_transfer');
    case 'replicatePoints':
      throw notServed('replicate_points');
  }
}

interface Way {
  readonly shard: number;
  readonly from: PeerId;
  readonly to: PeerId;
}

function way(message: AbortShardTransfer, field: string): Way {
  refuse({ [`${field}.to_shard_id`]: message.toShardId });
  return {
    shard: message.shardId,
    from: peer(message.fromPeerId, `${field}.from_peer_id`),
    to: peer(message.toPeerId, `${field}.to_peer_id`),
  };
}

function copy(message: MoveShard, field: string): Way {
  const { shard, from, to } = way(message, field);
  if (from === to) throw invalid(`${field}.to_peer_id`, `value ${to} invalid, must be another peer than from_peer_id`);
  switch (message.method) {
    case undefined:
    case ShardTransferMethod.StreamRecords:
      return { shard, from, to };
    case ShardTransferMethod.Snapshot:
    case ShardTransferMethod.WalDelta:
    case ShardTransferMethod.ReshardingStreamRecords:
      throw notServed(`${field}.method ${ShardTransferMethod[message.method]}`);
    case ShardTransferMethod.UNRECOGNIZED:
    default:
      throw unknownVariant(`${field}.method`, message.method);
  }
}

function peer(id: bigint, field: string): PeerId {
  return count(id, field, { max: peerIdMax });
}
