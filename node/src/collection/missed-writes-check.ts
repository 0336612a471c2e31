/** What a node that starts asks the others: which of its replicas missed writes while it was away. */
import type { Consensus } from '../consensus/consensus.js';
import { replicaOn, type MetadataState } from '../metadata/metadata-state.js';
import type { PeerId } from '../metadata/peer-id.js';
import type { RemoteReplicas } from '../replica/remote-replicas.js';
import type { LocalCollections } from './local-collections.js';

/** Peers that do not answer within this are not waited for: a whole cluster that starts must not wait for itself. */
const answerTimeoutMs = 1_000;

/** Keeps replicas that are named out of reads and of leading until the cluster has had them recovered. */
export async function checkMissedWrites(
  { self, state }: Consensus,
  collections: LocalCollections,
  remote: RemoteReplicas,
): Promise<void> {
  const asked = peersWithReplicasBeside(state, self).map(async (peer) => {
    for (const { collection, shard } of await remote.missedWrites(peer, answerTimeoutMs)) {
      collections.byIdentity(collection)?.replicas(shard)?.noteMissed();
    }
  });
  await Promise.allSettled(asked);
}

function peersWithReplicasBeside(state: MetadataState, self: PeerId): readonly PeerId[] {
  const shards = [...state.collections.values()].flatMap((collection) => collection.shards);
  const shared = shards.filter((shard) => replicaOn(shard, self) !== null);
  const peers = new Set(shared.flatMap(({ replicas }) => replicas.map(({ peer }) => peer)));
  peers.delete(self);
  return [...peers];
}
