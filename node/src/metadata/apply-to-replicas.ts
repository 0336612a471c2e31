/** Operations on single replicas. */
import type { ReplicaOperation } from './metadata-operation.js';
import { replicaOn, type CollectionState, type MetadataState, type Transfer } from './metadata-state.js';
import type { Rejection } from './rejection.js';
import { withoutReplica, withoutTransfer, withoutTransfers, withReplicaState } from './replica-change.js';
import { isSourceOfTruth } from './replica-state.js';
import { changeCollection, type Change } from './state-change.js';

type Activate = Extract<ReplicaOperation, { readonly kind: 'activate-replicas' }>;
type SetState = Extract<ReplicaOperation, { readonly kind: 'set-replica-state' }>;
type Drop = Extract<ReplicaOperation, { readonly kind: 'drop-replica' }>;

export function applyToReplicas(state: MetadataState, operation: ReplicaOperation): Change {
  return changeCollection(state, operation.collection, (collection) => {
    switch (operation.kind) {
      case 'activate-replicas':
        return activated(collection, operation);
      case 'set-replica-state':
        return changed(collection, operation);
      case 'drop-replica':
        return dropped(collection, operation);
    }
  });
}

function activated(collection: CollectionState, { peer, shards }: Activate): CollectionState {
  const waiting = collection.shards.filter(
    (shard) => shards.includes(shard.id) && replicaOn(shard, peer)?.state === 'Initializing',
  );
  return waiting.reduce((changed, { id }) => withReplicaState(changed, id, peer, 'Active'), collection);
}

function changed(
  collection: CollectionState,
  { shard: id, peer, state, from, seen }: SetState,
): CollectionState | Rejection {
  const shard = collection.shards[id];
  if (shard === undefined) return { reason: 'no-such-shard', shard: id };
  const replica = replicaOn(shard, peer);
  if (replica === null) return { reason: 'no-such-replica', shard: id, peer };
  if (seen !== null && seen < shard.changedAt) {
    return { reason: 'replicas-changed', shard: id, changedAt: shard.changedAt };
  }
  if (from !== null && replica.state !== from) {
    return { reason: 'other-replica-state', shard: id, peer, state: replica.state, expected: from };
  }
  if (replica.state === state) return collection;
  const others = shard.replicas.filter((other) => other.peer !== peer);
  const keepsTruth = isSourceOfTruth(state) || others.some((other) => isSourceOfTruth(other.state));
  if (isSourceOfTruth(replica.state) && !keepsTruth) return { reason: 'last-source-of-truth', shard: id, peer };
  // A target that missed a write is what any failed copy leaves: gone, where there was no replica before.
  const copy = collection.transfers.find((transfer) => transfer.shard === id && transfer.to === peer);
  if (copy !== undefined && state === 'Dead') return withoutTransfer(collection, copy);
  const concerns = (transfer: Transfer): boolean =>
    transfer.shard === id && (transfer.to === peer || (transfer.from === peer && !isSourceOfTruth(state)));
  // A source that may lack writes is none, and a target that is not Partial any more needs no transfer.
  return withoutTransfers(withReplicaState(collection, id, peer, state), concerns);
}

function dropped(collection: CollectionState, { shard: id, peer }: Drop): CollectionState | Rejection {
  const shard = collection.shards[id];
  if (shard === undefined) return { reason: 'no-such-shard', shard: id };
  const replica = replicaOn(shard, peer);
  if (replica === null) return { reason: 'no-such-replica', shard: id, peer };
  const others = shard.replicas.filter((other) => other.peer !== peer);
  if (others.length === 0) return { reason: 'last-replica', shard: id, peer };
  if (replica.state === 'Active' && !others.some((other) => other.state === 'Active')) {
    return { reason: 'last-active-replica', shard: id, peer };
  }
  if (isSourceOfTruth(replica.state) && !others.some((other) => isSourceOfTruth(other.state))) {
    return { reason: 'last-source-of-truth', shard: id, peer };
  }
  return withoutReplica(collection, id, peer);
}
