/** What a node that starts asks the others: which of its replicas missed writes while it was away. */
import type { Consensus } from '../consensus/consensus.js';
import { replicaOn, type MetadataState } from '../metadata/metadata-state.js';
import type { PeerId } from '../metadata/peer-id.js';
import type { MissedWrites, RemoteReplicas } from '../replica/remote-replicas.js';
import type { LocalCollections } from './local-collections.js';

/** Peers that do not answer within this are not waited for: a whole cluster that starts must not wait for itself. */
const answerTimeoutMs = 1_000;

const retryMs = 100;

/** Keeps replicas that are named out of reads and of leading until the cluster has had them recovered. */
export async function checkMissedWrites(
  { self, state }: Consensus,
  collections: LocalCollections,
  remote: RemoteReplicas,
): Promise<void> {
  const deadlineMs = performance.now() + answerTimeoutMs;
  await Promise.all(
    peersWithReplicasBeside(state, self).map(async (peer) => {
      for (const { collection, shard } of await askUntil(deadlineMs, peer, remote)) {
        collections.byIdentity(collection)?.replicas(shard)?.noteMissed();
      }
    }),
  );
}

/** A peer that is starting too, and refuses connections yet, is asked again until the time is over. */
async function askUntil(deadlineMs: number, peer: PeerId, remote: RemoteReplicas): Promise<readonly MissedWrites[]> {
  for (;;) {
    const leftMs = deadlineMs - performance.now();
    if (leftMs <= 0) return [];
    try {
      return await remote.missedWrites(peer, leftMs);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}

function peersWithReplicasBeside(state: MetadataState, self: PeerId): readonly PeerId[] {
  const shards = [...state.collections.values()].flatMap((collection) => collection.shards);
  const shared = shards.filter((shard) => replicaOn(shard, self) !== null);
  const peers = new Set(shared.flatMap(({ replicas }) => replicas.map(({ peer }) => peer)));
  peers.delete(self);
  return [...peers];
}
