/** Bodies of the routes on the cluster, in the original's shapes. */
import type { ConsensusThreadStatus } from '../../../consensus/consensus-status.js';
import type { ClusterStatus, CollectionClusterInfo } from '../../../service/cluster-service.js';

export function clusterStatusBody(status: ClusterStatus | null): object {
  if (status === null) return { status: 'disabled' };
  const { self, peers, consensus } = status;
  return {
    status: 'enabled',
    peer_id: self,
    peers: Object.fromEntries(peers.map(({ id, uri }) => [String(id), { uri: withSlash(uri ?? '') }])),
    raft_info: {
      term: consensus.term,
      commit: consensus.commit,
      pending_operations: consensus.pendingOperations,
      leader: consensus.leader,
      role: consensus.role,
      is_voter: consensus.isVoter,
    },
    consensus_thread_status: threadStatusBody(consensus.thread),
    message_send_failures: Object.fromEntries(
      Array.from(consensus.sendFailures, ([uri, { count, latestError, latestErrorTimestamp }]) => [
        withSlash(uri),
        { count, latest_error: latestError, latest_error_timestamp: latestErrorTimestamp },
      ]),
    ),
  };
}

/** As the original's URIs look after they were parsed. */
function withSlash(uri: string): string {
  return uri === '' || uri.endsWith('/') ? uri : `${uri}/`;
}

function threadStatusBody(thread: ConsensusThreadStatus): object {
  switch (thread.kind) {
    case 'working':
      return { consensus_thread_status: 'working', last_update: thread.lastUpdate };
    case 'stopped':
      return { consensus_thread_status: 'stopped' };
    case 'stopped-with-error':
      return { consensus_thread_status: 'stopped_with_err', err: thread.error };
  }
}

export function collectionClusterBody(info: CollectionClusterInfo): object {
  return {
    peer_id: info.self,
    shard_count: info.shardCount,
    local_shards: info.localShards.map(({ shard, points, state }) => ({
      shard_id: shard,
      points_count: points,
      state,
    })),
    remote_shards: info.remoteShards.map(({ shard, peer, state }) => ({ shard_id: shard, peer_id: peer, state })),
    shard_transfers: info.transfers.map(({ shard, from, to, sync, method, progress }) => ({
      shard_id: shard,
      from,
      to,
      sync,
      method,
      ...(progress === null ? {} : { comment: `Transferring records (${progress.done}/${progress.total})` }),
    })),
  };
}
