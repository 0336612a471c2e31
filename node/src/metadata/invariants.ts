/** What must hold after every operation on the metadata. */
import type { CollectionState, MetadataState, ShardState, Transfer } from './metadata-state.js';
import { isPeerId } from './peer-id.js';

/** A sentence about the first thing that does not hold, or null. */
export function brokenInvariant(state: MetadataState): string | null {
  const broken = brokenPeers(state);
  if (broken !== null) return broken;
  const ids = new Set<number>();
  for (const [name, collection] of state.collections) {
    if (collection.name !== name) return `collection ${collection.name} is stored under the name ${name}`;
    if (collection.id < 1 || collection.id > state.appliedIndex) {
      return `collection ${name} has identity ${collection.id}, which is no applied operation`;
    }
    if (ids.has(collection.id)) return `two collections have identity ${collection.id}`;
    ids.add(collection.id);
    const problem = brokenSchema(collection) ?? brokenShards(state, collection) ?? brokenTransfers(state, collection);
    if (problem !== null) return `collection ${name} ${problem}`;
  }
  return null;
}

function brokenPeers(state: MetadataState): string | null {
  const uris = new Set<string>();
  for (const [id, peer] of state.peers) {
    if (!isPeerId(id)) return `${String(id)} is no peer id`;
    if (peer.id !== id) return `peer ${peer.id} is stored under the id ${id}`;
    if (state.removedPeers.has(id)) return `peer ${id} is there although it was removed`;
    if (peer.uri === null) continue;
    if (uris.has(peer.uri)) return `two peers have the address ${peer.uri}`;
    uris.add(peer.uri);
  }
  for (const id of state.removedPeers.keys()) if (!isPeerId(id)) return `${String(id)} is no peer id`;
  return null;
}

function brokenSchema({ config, fieldIndexes }: CollectionState): string | null {
  if (new Set(fieldIndexes.map((index) => index.path)).size !== fieldIndexes.length) {
    return 'has two indexes on one field';
  }
  const vectors = [...config.params.vectors, ...config.params.sparseVectors];
  return new Set(vectors.map((vector) => vector.name)).size === vectors.length ? null : 'has two vectors of one name';
}

function brokenShards(state: MetadataState, { config, shards }: CollectionState): string | null {
  if (shards.length !== config.params.shardNumber) {
    return `has ${shards.length} shards and should have ${config.params.shardNumber}`;
  }
  for (const [position, shard] of shards.entries()) {
    if (shard.id !== position) return `has shard ${shard.id} in the place of shard ${position}`;
    const problem = brokenReplicas(state, shard);
    if (problem !== null) return `shard ${shard.id} ${problem}`;
  }
  return null;
}

function brokenReplicas(state: MetadataState, { replicas }: ShardState): string | null {
  let last = 0;
  for (const { peer } of replicas) {
    if (!state.peers.has(peer)) return `has a replica on ${peer}, which is no peer`;
    if (peer <= last) return `has its replica on ${peer} out of order`;
    last = peer;
  }
  return null;
}

function brokenTransfers(state: MetadataState, { id, shards, transfers }: CollectionState): string | null {
  let last = id;
  for (const transfer of transfers) {
    if (transfer.id <= last || transfer.id > state.appliedIndex) {
      return `has a transfer with identity ${transfer.id}, which is no operation that could have started it`;
    }
    last = transfer.id;
    const replicas = shards[transfer.shard]?.replicas ?? [];
    const target = replicas.find(({ peer }) => peer === transfer.to);
    if (transfer.from === transfer.to) return `has a transfer ${transfer.id} from a peer to itself`;
    if (!replicas.some(({ peer }) => peer === transfer.from)) return `has a transfer ${transfer.id} without its source`;
    if (target?.state !== 'Partial') return `has a transfer ${transfer.id} whose target is not Partial`;
    if (transfers.some((other) => other.id !== transfer.id && sharesPeer(other, transfer))) {
      return `has two transfers of shard ${transfer.shard} that share a peer`;
    }
  }
  return null;
}

/** Whether both are of one shard and a peer takes part in both. */
export function sharesPeer(a: Transfer, b: Transfer): boolean {
  return a.shard === b.shard && [a.from, a.to].some((peer) => peer === b.from || peer === b.to);
}
