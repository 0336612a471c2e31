/** Operations on transfers of shards between peers. */
import type { TransferOperation } from './metadata-operation.js';
import { replicaOn, type CollectionState, type MetadataState, type Transfer } from './metadata-state.js';
import type { Rejection } from './rejection.js';
import { involves, withoutReplica, withoutTransfer, withReplica, withReplicaState } from './replica-change.js';
import { isSourceOfTruth } from './replica-state.js';
import { changeCollection, withShard, type Change } from './state-change.js';

type Start = Extract<TransferOperation, { readonly kind: 'start-transfer' }>;

export function applyToTransfers(state: MetadataState, operation: TransferOperation, index: number): Change {
  return changeCollection(state, operation.collection, (collection) => {
    if (operation.kind === 'start-transfer') return started(state, collection, operation, index);
    const transfer = collection.transfers.find(({ id }) => id === operation.transfer);
    if (transfer === undefined) return { reason: 'no-such-transfer', transfer: operation.transfer };
    switch (operation.kind) {
      case 'finish-transfer':
        return finished(collection, transfer);
      case 'abort-transfer':
        return withoutTransfer(collection, transfer);
    }
  });
}

function started(
  state: MetadataState,
  collection: CollectionState,
  { shard: id, from, to, sync, method }: Start,
  index: number,
): CollectionState | Rejection {
  const shard = collection.shards[id];
  if (shard === undefined) return { reason: 'no-such-shard', shard: id };
  for (const peer of [from, to]) if (!state.peers.has(peer)) return { reason: 'no-such-peer', peer };
  if (from === to) return { reason: 'same-peer', peer: from };
  const source = replicaOn(shard, from);
  if (source === null) return { reason: 'no-such-replica', shard: id, peer: from };
  if (source.state !== 'Active') return { reason: 'source-not-active', shard: id, peer: from, state: source.state };
  const target = replicaOn(shard, to);
  if (target !== null && isSourceOfTruth(target.state)) {
    return { reason: 'target-not-needed', shard: id, peer: to, state: target.state };
  }
  for (const peer of [from, to]) {
    const other = collection.transfers.find((transfer) => transfer.shard === id && involves(transfer, peer));
    if (other !== undefined) return { reason: 'in-transfer', shard: id, peer, transfer: other.id };
  }
  const transfer: Transfer = { id: index, shard: id, from, to, sync, method, recovers: target !== null };
  const changed = withShard(collection, withReplica(shard, { peer: to, state: 'Partial' }));
  return { ...changed, transfers: [...changed.transfers, transfer] };
}

function finished(collection: CollectionState, transfer: Transfer): CollectionState {
  const { id, shard, from, to, sync } = transfer;
  const ended = { ...collection, transfers: collection.transfers.filter((other) => other.id !== id) };
  const active = withReplicaState(ended, shard, to, 'Active');
  return sync ? active : withoutReplica(active, shard, from);
}
