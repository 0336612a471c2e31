/** Which dead replicas of a node are to be recovered now, and from where. Pure. */
import type { TransferOperation } from '../metadata/metadata-operation.js';
import {
  replicaOn,
  updateLeader,
  type CollectionState,
  type MetadataState,
  type ShardState,
} from '../metadata/metadata-state.js';
import type { PeerId } from '../metadata/peer-id.js';

/** Transfers of one collection to, and from, one peer at a time; null: any number. Of automatic ones only. */
export interface RecoveryLimits {
  readonly incoming: number | null;
  readonly outgoing: number | null;
}

export interface DeadReplica {
  readonly collection: number;
  readonly name: string;
  readonly shard: number;
}

export interface PlannedRecovery {
  readonly replica: DeadReplica;
  /** Who will drive it. */
  readonly leader: PeerId;
  readonly operation: Extract<TransferOperation, { readonly kind: 'start-transfer' }>;
}

export function deadReplicas(state: MetadataState, self: PeerId): readonly DeadReplica[] {
  return [...state.collections.values()].flatMap(({ id, name, shards }) =>
    shards
      .filter((shard) => replicaOn(shard, self)?.state === 'Dead')
      .map((shard) => ({ collection: id, name, shard: shard.id })),
  );
}

/** At most one of each collection, because a peer that takes part in a transfer is left alone until it ends. */
export function plannedRecoveries(
  state: MetadataState,
  self: PeerId,
  limits: RecoveryLimits,
  isDue: (replica: DeadReplica) => boolean,
): readonly PlannedRecovery[] {
  if (limits.incoming === 0 || limits.outgoing === 0) return [];
  const planned: PlannedRecovery[] = [];
  const begun = new Set<number>();
  for (const replica of deadReplicas(state, self)) {
    const collection = state.collections.get(replica.name);
    if (collection === undefined || begun.has(replica.collection) || !isDue(replica)) continue;
    const recovery = recoveryOf(collection, replica, self);
    if (recovery === null) continue;
    begun.add(replica.collection);
    planned.push(recovery);
  }
  return planned;
}

function recoveryOf(collection: CollectionState, replica: DeadReplica, self: PeerId): PlannedRecovery | null {
  const busy = new Set(collection.transfers.flatMap(({ from, to }) => [from, to]));
  const shard = collection.shards[replica.shard];
  if (shard === undefined || busy.has(self)) return null;
  const leader = updateLeader(shard);
  const from = sourceOf(shard, leader, busy);
  if (leader === null || from === null) return null;
  const { id } = collection;
  const operation = {
    kind: 'start-transfer',
    collection: id,
    shard: shard.id,
    from,
    to: self,
    sync: true,
    method: 'stream_records',
  } as const;
  return { replica, leader, operation };
}

/** The leader, because it drives the transfer in any case; else whoever is Active. */
function sourceOf(shard: ShardState, leader: PeerId | null, busy: ReadonlySet<PeerId>): PeerId | null {
  const free = shard.replicas.filter(({ peer, state }) => state === 'Active' && !busy.has(peer));
  return (free.find(({ peer }) => peer === leader) ?? free[0])?.peer ?? null;
}
