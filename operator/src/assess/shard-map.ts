/**
 * Which peer has which replica, when enough nodes say the same. The states change in steps through Raft, so complete
 * views of a majority that agree, the leader's among them, cannot be overruled by those that are missing.
 */
import type { CollectionView, PeerId, ReplicaView } from '../qdrant/qdrant-api.js';
import type { Replica, Shard, ShardMap, Transfer } from './assessment.js';
import type { AnsweredView, Membership } from './members.js';

interface CompleteView {
  readonly peer: PeerId;
  readonly voter: boolean;
  readonly collections: readonly CollectionView[];
}

export function shardMapOf(membership: Membership): ShardMap {
  if (!membership.quorum.available || membership.leader === null) {
    return { kind: 'unknown', why: `The quorum is not available. ${membership.quorum.why}` };
  }
  const complete = membership.views.map(completeOf).filter((view) => view !== null);
  const leader = complete.find((view) => view.peer === membership.leader);
  if (leader === undefined) return { kind: 'unknown', why: 'The leader did not answer for all of its collections.' };
  const text = replicasText(leader);
  const agreeing = complete.filter((view) => replicasText(view) === text);
  const voters = agreeing.filter((view) => view.voter).length;
  if (voters < membership.majority) {
    const counts = `${voters} of ${membership.voters.size} voters agree on the shards, and ${membership.majority} are needed.`;
    const answered = complete.filter((view) => view.voter).length;
    return { kind: 'unknown', why: `${counts} ${answered} of them answered for all collections.` };
  }
  return {
    kind: 'agreed',
    shards: shardsOf(leader, agreeing),
    transfers: transfersOf(complete),
    // One that sees a resharding is enough: nothing may be disturbed.
    resharding: complete.some((view) => view.collections.some((collection) => collection.resharding)),
  };
}

function completeOf(view: AnsweredView): CompleteView | null {
  if (view.collections === null) return null;
  return { peer: view.cluster.peerId, voter: view.cluster.raft.isVoter, collections: view.collections };
}

/** Replicas and states only: counts of points are known locally, and the factor may come out of a cache. */
function replicasText(view: CompleteView): string {
  const collections = view.collections.map((collection) => [
    collection.name,
    collection.replicas
      .map((replica) => JSON.stringify([replica.shard, replica.shardKey, replica.peer, replica.state]))
      .toSorted(),
  ]);
  return JSON.stringify(collections.toSorted((a, b) => compare(String(a[0]), String(b[0]))));
}

function shardsOf(leader: CompleteView, agreeing: readonly CompleteView[]): readonly Shard[] {
  const factors = new Map<string, number>();
  const points = new Map<string, number>();
  for (const view of agreeing) {
    for (const collection of view.collections) {
      factors.set(collection.name, Math.max(factors.get(collection.name) ?? 0, collection.replicationFactor));
      for (const replica of collection.replicas) {
        if (replica.peer !== view.peer || replica.points === null) continue;
        points.set(JSON.stringify([collection.name, replica.shard, replica.peer]), replica.points);
      }
    }
  }
  const shards = leader.collections.flatMap((collection) => {
    const byShard = new Map<number, ReplicaView[]>();
    for (const replica of collection.replicas) {
      const known = byShard.get(replica.shard);
      if (known === undefined) byShard.set(replica.shard, [replica]);
      else known.push(replica);
    }
    return [...byShard].map(([shard, replicas]): Shard => {
      const found = replicas.map((replica): Replica => {
        const count = points.get(JSON.stringify([collection.name, shard, replica.peer])) ?? null;
        return { peer: replica.peer, state: replica.state, points: count };
      });
      return {
        collection: collection.name,
        shard,
        shardKey: replicas[0]?.shardKey ?? null,
        replicationFactor: factors.get(collection.name) ?? collection.replicationFactor,
        replicas: found.toSorted((a, b) => compare(a.peer, b.peer)),
      };
    });
  });
  return shards.toSorted((a, b) => compare(a.collection, b.collection) || a.shard - b.shard);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What any of the members sees: a transfer that only one of them knows of may disturb as much as others. */
function transfersOf(views: readonly CompleteView[]): readonly Transfer[] {
  const found = new Map<string, Transfer>();
  for (const view of views) {
    for (const collection of view.collections) {
      for (const transfer of collection.transfers) {
        const key = JSON.stringify([collection.name, transfer.shard, transfer.from, transfer.to]);
        const known = found.get(key);
        const comment = known?.comment ?? transfer.comment;
        found.set(key, { ...transfer, comment, collection: collection.name });
      }
    }
  }
  return [...found].toSorted(([a], [b]) => compare(a, b)).map(([, transfer]) => transfer);
}
