/** Use cases on the cluster: its peers, and where the shards of a collection are. Every method throws `ServiceError`. */
import type { Consensus } from '../consensus/consensus.js';
import type { ConsensusStatus } from '../consensus/consensus-status.js';
import type { Transfer } from '../metadata/metadata-state.js';
import type { PeerId } from '../metadata/peer-id.js';
import type { ReplicaState } from '../metadata/replica-state.js';
import type { Access } from './access.js';

/** What the use cases need of consensus over Raft, beside what they need of any. */
export interface ClusterConsensus extends Consensus {
  /** This node was removed from its cluster. */
  readonly removed: boolean;
  status(): ConsensusStatus;
  /** Asks the leader for a snapshot of the metadata. */
  recover(): Promise<void>;
}

export interface ClusterStatus {
  readonly self: PeerId;
  readonly peers: readonly { readonly id: PeerId; readonly uri: string | null; readonly version: string | null }[];
  readonly consensus: ConsensusStatus;
}

export interface LocalShardInfo {
  readonly shard: number;
  readonly points: number;
  readonly state: ReplicaState;
}

export interface RemoteShardInfo {
  readonly shard: number;
  readonly peer: PeerId;
  readonly state: ReplicaState;
}

export interface ShardTransferInfo extends Transfer {
  /** Points; null where another node drives the transfer, or it waits for its turn. */
  readonly progress: { readonly done: number; readonly total: number } | null;
}

export interface CollectionClusterInfo {
  readonly self: PeerId;
  readonly shardCount: number;
  readonly localShards: readonly LocalShardInfo[];
  readonly remoteShards: readonly RemoteShardInfo[];
  readonly transfers: readonly ShardTransferInfo[];
}

/** Changes of where a collection's shards are. Those of the original that are missing here are refused when decoded. */
export type ClusterChange =
  | {
      readonly kind: 'move-shard' | 'replicate-shard';
      readonly shard: number;
      readonly from: PeerId;
      readonly to: PeerId;
    }
  | { readonly kind: 'abort-transfer'; readonly shard: number; readonly from: PeerId; readonly to: PeerId }
  | { readonly kind: 'drop-replica'; readonly shard: number; readonly peer: PeerId };

export interface ClusterService {
  /** null: a single node. */
  status(access: Access): ClusterStatus | null;
  recover(access: Access): Promise<void>;
  /** With `force` its replicas go with it, whatever is lost. */
  removePeer(
    access: Access,
    peer: PeerId,
    options: { readonly force: boolean; readonly timeoutMs: number | null },
  ): Promise<void>;
  collectionInfo(access: Access, collection: string): CollectionClusterInfo;
  /** Resolves when the change is agreed on; a transfer goes on behind the answer. `standalone` on a single node. */
  changeCollection(
    access: Access,
    collection: string,
    change: ClusterChange,
    options: { readonly timeoutMs: number | null },
  ): Promise<void>;
}
