/** Which transfers a node has to drive. Pure. */
import { replicaOn, updateLeader, type MetadataState, type Transfer } from '../metadata/metadata-state.js';
import type { PeerId } from '../metadata/peer-id.js';

export interface DrivenTransfer {
  /** Identity of the collection. */
  readonly collection: number;
  readonly name: string;
  readonly transfer: Transfer;
}

export function transferKey({ collection, transfer }: DrivenTransfer): string {
  return `${collection}/${transfer.id}`;
}

/** Those of shards whose update leader is `self`, in the order of their start. */
export function drivenTransfers(state: MetadataState, self: PeerId): readonly DrivenTransfer[] {
  const found: DrivenTransfer[] = [];
  for (const { id, name, shards, transfers } of state.collections.values()) {
    for (const transfer of transfers) {
      const shard = shards[transfer.shard];
      if (shard !== undefined && updateLeader(shard) === self) found.push({ collection: id, name, transfer });
    }
  }
  return found.sort((a, b) => a.transfer.id - b.transfer.id);
}

/** Whether `self` still has to drive it. */
export function isDriven(state: MetadataState, self: PeerId, { collection, name, transfer }: DrivenTransfer): boolean {
  const found = state.collections.get(name);
  if (found?.id !== collection || !found.transfers.some(({ id }) => id === transfer.id)) return false;
  const shard = found.shards[transfer.shard];
  return shard !== undefined && updateLeader(shard) === self;
}

/** Whether the transfer is over and its target has become a source of truth by it. */
export function endedActive(state: MetadataState, { collection, name, transfer }: DrivenTransfer): boolean {
  const found = state.collections.get(name);
  if (found?.id !== collection || found.transfers.some(({ id }) => id === transfer.id)) return false;
  const shard = found.shards[transfer.shard];
  return shard !== undefined && replicaOn(shard, transfer.to)?.state === 'Active';
}
