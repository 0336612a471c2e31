/**
 * What a node knows of itself before it has any metadata: its peer id, drawn once and kept for good, how often
 * it was started, and the peers that let it join.
 */
import { join } from 'node:path';
import { isPeerId, type PeerId } from '../metadata/peer-id.js';
import { readIfThere, replaceFile } from './durable-file.js';
import type { PeerAddress } from './raft-transport.js';

const format = 1;

/** A cluster that this node was admitted to. Until it has the metadata, this is how it knows its peers. */
export interface JoinedCluster {
  readonly cluster: number;
  readonly peers: readonly PeerAddress[];
}

export interface PeerIdentity {
  readonly peer: PeerId;
  readonly incarnation: number;
  readonly joined: JoinedCluster | null;
}

export class PeerIdentityError extends Error {
  override readonly name = 'PeerIdentityError';
}

/** Where a peer of a cluster keeps what only such a one has. */
export function raftFolder(storageFolder: string): string {
  return join(storageFolder, 'raft');
}

export function identityPath(raftFolder: string): string {
  return join(raftFolder, 'peer.json');
}

export async function writeIdentity(raftFolder: string, identity: PeerIdentity): Promise<void> {
  await replaceFile(identityPath(raftFolder), `${JSON.stringify({ format, ...identity }, null, 1)}\n`);
}

/** Null when the node never started as a peer of a cluster. */
export async function readIdentity(raftFolder: string): Promise<PeerIdentity | null> {
  const path = identityPath(raftFolder);
  const value = await readJson(path);
  if (value === null) return null;
  const file: Partial<Record<'format' | 'peer' | 'incarnation' | 'joined', unknown>> = value;
  if (file.format !== format) {
    throw new PeerIdentityError(`${path} has format ${String(file.format)}, and this version reads format ${format}.`);
  }
  const { peer, incarnation, joined } = file;
  if (!isPeerId(peer) || !isPeerId(incarnation) || !(joined === null || isJoinedCluster(joined))) {
    throw new PeerIdentityError(`${path} is damaged: a part is missing.`);
  }
  return { peer, incarnation, joined };
}

/** The id in a file that people's tools read, where nothing else tells it. */
export async function peerIdOfStateFile(path: string): Promise<PeerId | null> {
  const value: { this_peer_id?: unknown } | null = await readJson(path);
  return isPeerId(value?.this_peer_id) ? value.this_peer_id : null;
}

async function readJson(path: string): Promise<object | null> {
  const text = await readIfThere(path);
  if (text === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new PeerIdentityError(`${path} is damaged: it is not JSON.`);
  }
  if (typeof value !== 'object' || value === null) throw new PeerIdentityError(`${path} is damaged: it is no object.`);
  return value;
}

function isJoinedCluster(value: unknown): value is JoinedCluster {
  if (typeof value !== 'object' || value === null) return false;
  const { cluster, peers } = value as Partial<JoinedCluster>;
  return isPeerId(cluster) && Array.isArray(peers) && peers.every(isPeerAddress);
}

function isPeerAddress(value: unknown): value is PeerAddress {
  if (typeof value !== 'object' || value === null) return false;
  const { peer, uri } = value as Partial<PeerAddress>;
  return isPeerId(peer) && typeof uri === 'string';
}
