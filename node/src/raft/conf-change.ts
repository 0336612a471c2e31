import type { PeerId } from './entry.js';

/**
 * `add-learner`: the peer gets the log and has no vote; without effect on a voter.
 * `promote`: a learner becomes a voter; without effect on any other peer.
 * `add-voter`: the peer becomes a voter whatever it was.
 * `remove`: the peer is a member no longer; without effect on the last voter.
 */
export type ConfChangeKind = 'add-learner' | 'promote' | 'add-voter' | 'remove';

export interface ConfChange {
  readonly kind: ConfChangeKind;
  readonly peer: PeerId;
  /** The driver's own: the address of the peer, the id of the proposal. Raft does not look into it. */
  readonly context: Uint8Array;
}

/** The members as of one index of the log; both lists ascend, and no peer is in both. */
export interface ConfState {
  readonly voters: readonly PeerId[];
  readonly learners: readonly PeerId[];
}

const formatVersion = 1;
const headerBytes = 10;
const kinds: readonly ConfChangeKind[] = ['add-learner', 'promote', 'add-voter', 'remove'];

/** u8 format version (1), u8 kind, u64 LE peer, context. */
export function encodeConfChange(change: ConfChange): Uint8Array {
  const data = new Uint8Array(headerBytes + change.context.length);
  data[0] = formatVersion;
  data[1] = kinds.indexOf(change.kind);
  new DataView(data.buffer).setBigUint64(2, BigInt(change.peer), true);
  data.set(change.context, headerBytes);
  return data;
}

/** Null for what is no conf change of a known format: every peer then treats the entry as one without effect. */
export function decodeConfChange(data: Uint8Array): ConfChange | null {
  if (data.length < headerBytes || data[0] !== formatVersion) return null;
  const kind = kinds[data[1]!];
  const peer = Number(new DataView(data.buffer, data.byteOffset, data.byteLength).getBigUint64(2, true));
  if (kind === undefined || !Number.isSafeInteger(peer) || peer < 1) return null;
  return { kind, peer, context: data.subarray(headerBytes) };
}
