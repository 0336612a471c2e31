/** What consensus over Raft begins with, from what is in the storage folder and what the start asks for. */
import { randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { emptyMetadata, firstPeerMetadata, type MetadataState } from '../metadata/metadata-state.js';
import type { PeerId } from '../metadata/peer-id.js';
import type { Snapshot } from '../raft/snapshot.js';
import { joiningPeerState, type RestoredState } from '../raft/raft-config.js';
import { makeFolder, syncFolder } from './durable-file.js';
import { peerIdOfStateFile, raftFolder, readIdentity, writeIdentity, type PeerIdentity } from './peer-identity.js';
import { decodeProposal } from './proposal-entry.js';
import { RaftStorage, snapshotOf, type LogOpener, type StoredRaft } from './raft-storage.js';
import { applied, initialState, skipped, type ReplicatedState } from './replicated-state.js';
import { randomPeerId, readStandaloneMetadata, standaloneMetadataPath, onlyPeer } from './standalone-consensus.js';

export interface OpeningOptions {
  readonly addon: LogOpener;
  readonly storageFolder: string;
  /** Where other peers reach this one. */
  readonly uri: string;
  /** A peer of the cluster to join; null: this is the first of its own. Without meaning once there is a state. */
  readonly bootstrapUri: string | null;
  /** Alone: go on as the only voter of a new cluster with this state. With `bootstrapUri`: forget it and join again. */
  readonly reinit: boolean;
  /** Used when the id is drawn; null: at random. */
  readonly configuredPeerId: PeerId | null;
}

export interface Opening {
  readonly identity: PeerIdentity;
  readonly storage: RaftStorage;
  readonly stored: StoredRaft;
}

/** The storage cannot be used in the way that is asked for; a sentence. */
export class ConsensusStartError extends Error {
  override readonly name = 'ConsensusStartError';
}

export function raftStatePath(storageFolder: string): string {
  return join(storageFolder, 'raft_state.json');
}

export async function openRaft(options: OpeningOptions): Promise<Opening> {
  const { addon, storageFolder, bootstrapUri, reinit, uri } = options;
  const folder = raftFolder(storageFolder);
  await makeFolder(folder);
  const standalone = await readStandaloneMetadata(storageFolder);
  const forget = reinit && bootstrapUri !== null;
  const identity = await nextIdentity(options, standalone, forget);
  if (forget) await RaftStorage.wipe(folder);
  const { storage, stored } = await RaftStorage.open(folder, addon);
  try {
    const found =
      stored ?? (await firstStored(storage, identity, { standalone: forget ? null : standalone, uri, bootstrapUri }));
    // From here on the single node's file is out of date.
    if (standalone !== null) await removeFile(standaloneMetadataPath(storageFolder));
    if (!reinit || bootstrapUri !== null) return { identity, storage, stored: found };
    return { identity, storage, stored: await reinitialized(storage, found, identity.peer, uri) };
  } catch (error) {
    await storage.close();
    throw error;
  }
}

async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
  await syncFolder(dirname(path));
}

/** On disk before it is used: no two processes of a peer give their proposals the same ids. */
async function nextIdentity(
  { storageFolder, configuredPeerId }: OpeningOptions,
  standalone: MetadataState | null,
  forget: boolean,
): Promise<PeerIdentity> {
  const folder = raftFolder(storageFolder);
  const known = await readIdentity(folder);
  const identity: PeerIdentity = {
    peer:
      known?.peer ??
      (standalone === null ? null : onlyPeer(standaloneMetadataPath(storageFolder), standalone)) ??
      (await peerIdOfStateFile(raftStatePath(storageFolder))) ??
      configuredPeerId ??
      randomPeerId(),
    incarnation: (known?.incarnation ?? 0) + 1,
    joined: forget ? null : (known?.joined ?? null),
  };
  await writeIdentity(folder, identity);
  return identity;
}

interface Circumstances {
  readonly standalone: MetadataState | null;
  readonly uri: string;
  readonly bootstrapUri: string | null;
}

async function firstStored(
  storage: RaftStorage,
  { peer, joined }: PeerIdentity,
  { standalone, uri, bootstrapUri }: Circumstances,
): Promise<StoredRaft> {
  if (bootstrapUri !== null || joined !== null) {
    if (standalone !== null && standalone.collections.size > 0) {
      throw new ConsensusStartError(
        `This storage holds ${standalone.collections.size} collections of a single node, which a cluster that exists ` +
          'already would not know: start without --bootstrap to make a cluster of this node, or with an empty storage.',
      );
    }
    return { restored: joiningPeerState(), state: initialState(emptyMetadata) };
  }
  const begun =
    standalone === null
      ? firstPeerMetadata(peer, uri)
      : { ...standalone, peers: new Map([[peer, { id: peer, uri, version: null }]]) };
  // Identities that a single node gave are in use, so the log goes on after them.
  const index = Math.max(1, begun.appliedIndex);
  return beginWith(storage, peer, 1, skipped(initialState(begun), index));
}

/** Every other peer learns of what is before the log by a snapshot, so none can start without it. */
async function beginWith(
  storage: RaftStorage,
  self: PeerId,
  term: number,
  state: ReplicatedState,
): Promise<StoredRaft> {
  const index = state.metadata.appliedIndex;
  const confState = { voters: [self], learners: [] };
  const snapshot: Snapshot = snapshotOf({ index, term, confState }, state);
  await storage.replace(snapshot);
  const restored: RestoredState = {
    hardState: { term, vote: null, commit: index },
    ...{ confState, appliedIndex: index, entries: [] },
    compacted: { index, term },
  };
  return { restored, state };
}

/**
 * What is known as committed stays, the rest of the log goes, and so do the other voters. They keep their place
 * in the metadata, to find their shards there when they join again; the number of the cluster is a new one, so
 * that none of them goes on with the old log beside this one.
 */
async function reinitialized(
  storage: RaftStorage,
  { restored, state }: StoredRaft,
  self: PeerId,
  uri: string,
): Promise<StoredRaft> {
  const { hardState, appliedIndex, entries, compacted } = restored;
  let last = state;
  for (const { index, kind, data } of entries) {
    if (index <= appliedIndex || index > hardState.commit) continue;
    last = kind === 'normal' ? applied(last, decodeProposal(data), index).state : skipped(last, index);
  }
  const { metadata, sessions } = last;
  if (metadata.appliedIndex === 0) {
    throw new ConsensusStartError('--reinit needs a state to go on with, and this node has never had one.');
  }
  const removedPeers = new Map(metadata.removedPeers);
  removedPeers.delete(self);
  const others = [...metadata.peers].filter(([peer, { uri: other }]) => peer !== self && other !== uri);
  const version = metadata.peers.get(self)?.version ?? null;
  const peers = new Map([...others, [self, { id: self, uri, version }] as const].sort(([a], [b]) => a - b));
  const term = Math.max(hardState.term, entries.at(-1)?.term ?? compacted.term) + 1;
  const begun = { ...metadata, cluster: randomInt(1, 2 ** 48 - 1), peers, removedPeers };
  return beginWith(storage, self, term, { metadata: begun, sessions });
}
