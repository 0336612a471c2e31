/** What nodes say of their cluster and collections, as far as tests read it. */

export interface ClusterStatus {
  readonly status: string;
  readonly peer_id: number;
  readonly peers: Readonly<Record<string, { readonly uri: string }>>;
  readonly raft_info: {
    readonly term: number;
    readonly commit: number;
    readonly leader: number | null;
    readonly role: string | null;
    readonly is_voter: boolean;
  };
}

export interface ReplicaStatus {
  readonly shard_id: number;
  readonly peer_id: number;
  readonly state: string;
}

export interface CollectionCluster {
  readonly peer_id: number;
  readonly shard_count: number;
  readonly local_shards: readonly {
    readonly shard_id: number;
    readonly points_count: number;
    readonly state: string;
  }[];
  readonly remote_shards: readonly ReplicaStatus[];
  readonly shard_transfers: readonly {
    readonly shard_id: number;
    readonly from: number;
    readonly to: number;
    readonly sync: boolean;
    readonly method?: string;
    readonly comment?: string;
  }[];
}

/** All replicas of a collection, as one node sees them, by shard and peer. */
export function replicasOf(status: CollectionCluster): readonly ReplicaStatus[] {
  const local = status.local_shards.map(({ shard_id, state }) => ({ shard_id, peer_id: status.peer_id, state }));
  return [...local, ...status.remote_shards].sort((a, b) => a.shard_id - b.shard_id || a.peer_id - b.peer_id);
}
