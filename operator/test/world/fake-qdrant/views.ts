/** What a simulated process answers when it is asked for its view. */
import type { CollectionState } from '../../../../node/src/metadata/metadata-state.js';
import type { ClusterView, CollectionView } from '../../../src/qdrant/qdrant-api.js';
import type { FakeProcess } from './fake-process.js';

export function clusterViewOf(process: FakeProcess): ClusterView {
  const { peer, seen, removed, connected, consensus, world, options } = process;
  const raft = { term: seen.term, commit: seen.index, pendingOperations: 0 };
  if (removed) {
    // The original shows itself alone, as its own leader (reference on operators, section 7).
    const alone = world.flavour === 'original';
    return {
      peerId: String(peer),
      peers: alone ? new Map([[String(peer), options.uri]]) : addressesIn(process),
      raft: { ...raft, leader: alone ? String(peer) : null, isVoter: alone, consensusWorks: false },
      sendFailures: new Set(),
    };
  }
  const leader = connected ? (consensus?.believedLeader ?? null) : null;
  return {
    peerId: String(peer),
    peers: addressesIn(process),
    raft: {
      ...raft,
      leader: leader === null ? null : String(leader),
      isVoter: seen.members.get(peer) === 'voter',
      consensusWorks: true,
    },
    sendFailures: new Set(
      [...seen.metadata.peers.values()]
        .filter(({ id }) => id !== peer && !(connected && consensus?.reachable(id) === true))
        .map(({ uri }) => uri ?? ''),
    ),
  };
}

function addressesIn({ seen }: FakeProcess): ReadonlyMap<string, string> {
  return new Map([...seen.metadata.peers.values()].map(({ id, uri }) => [String(id), uri ?? '']));
}

export function collectionViewOf(process: FakeProcess, collection: CollectionState): CollectionView {
  const { peer, options } = process;
  return {
    name: collection.name,
    replicationFactor: collection.config.params.replicationFactor,
    replicas: collection.shards.flatMap(({ id: shard, replicas }) =>
      replicas.map((replica) => ({
        shard,
        shardKey: null,
        peer: String(replica.peer),
        state: replica.state,
        points: replica.peer === peer ? options.disk.points(collection.id, shard).size : null,
      })),
    ),
    transfers: collection.transfers.map(({ shard, from, to, sync }) => ({
      shard,
      from: String(from),
      to: String(to),
      sync,
      comment: null,
    })),
    resharding: false,
  };
}
