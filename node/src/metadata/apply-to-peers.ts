/** Operations on peers: who belongs to the cluster. */
import { withoutReplica } from './replica-change.js';
import type { PeerOperation } from './metadata-operation.js';
import { replicasOn, type MetadataState, type PeerState } from './metadata-state.js';
import type { PeerId } from './peer-id.js';
import type { Change } from './state-change.js';

export function applyToPeers(state: MetadataState, operation: PeerOperation): Change {
  switch (operation.kind) {
    case 'add-peer':
      return added(state, operation.peer, operation.uri);
    case 'suspend-peer': {
      const peer = state.peers.get(operation.peer);
      if (peer === undefined) return { reason: 'no-such-peer', peer: operation.peer };
      if (state.peers.size === 1) return { reason: 'last-peer', peer: peer.id };
      return { peers: withPeer(state.peers, { ...peer, suspended: true }) };
    }
    case 'remove-peer': {
      const { peer } = operation;
      if (!state.peers.has(peer)) return { reason: 'no-such-peer', peer };
      if (state.peers.size === 1) return { reason: 'last-peer', peer };
      const replicas = replicasOn(state, peer);
      if (replicas > 0 && !operation.force) return { reason: 'peer-has-replicas', peer, replicas };
      return removed(state, peer);
    }
    case 'update-peer': {
      const peer = state.peers.get(operation.peer);
      if (peer === undefined) return { reason: 'no-such-peer', peer: operation.peer };
      const { uri = peer.uri, version = peer.version } = operation;
      const owner = ownerOf(state, uri);
      if (owner !== null && owner !== peer.id) {
        return { reason: 'address-in-use', uri: uri ?? '', peer: owner };
      }
      return { peers: withPeer(state.peers, { ...peer, uri, version }) };
    }
  }
}

function added(state: MetadataState, peer: PeerId, uri: string): Change {
  if (state.removedPeers.has(peer)) return { reason: 'peer-was-removed', peer };
  const owner = ownerOf(state, uri);
  let change: Pick<MetadataState, 'peers' | 'removedPeers' | 'collections'> = state;
  if (owner !== null && owner !== peer) {
    if (replicasOn(state, owner) > 0) return { reason: 'address-in-use', uri, peer: owner };
    // Whoever lived at this address left no shards behind, and cannot be reached any more.
    change = removed(state, owner);
  }
  const known = state.peers.get(peer);
  const { peers, removedPeers, collections } = change;
  return {
    peers: withPeer(peers, { id: peer, uri, version: known?.version ?? null }),
    removedPeers,
    collections,
  };
}

function removed(state: MetadataState, peer: PeerId): Pick<MetadataState, 'peers' | 'removedPeers' | 'collections'> {
  const peers = new Map(state.peers);
  peers.delete(peer);
  return {
    peers,
    removedPeers: new Map(state.removedPeers).set(peer, state.peers.get(peer)?.uri ?? null),
    collections: new Map(
      [...state.collections].map(([name, collection]) => [
        name,
        collection.shards.reduce((changed, { id }) => withoutReplica(changed, id, peer), collection),
      ]),
    ),
  };
}

function ownerOf(state: MetadataState, uri: string | null): PeerId | null {
  if (uri === null) return null;
  for (const peer of state.peers.values()) if (peer.uri === uri) return peer.id;
  return null;
}

function withPeer(peers: ReadonlyMap<PeerId, PeerState>, peer: PeerState): ReadonlyMap<PeerId, PeerState> {
  return new Map(peers).set(peer.id, peer);
}
