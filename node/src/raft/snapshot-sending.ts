/** Snapshots that a follower asks for, and what the transport tells of peers that it cannot reach. */
import type { PeerId } from './entry.js';
import type { SnapshotRequestMessage } from './message.js';
import type { IgnoredReason } from './raft.js';
import type { RaftState } from './raft-state.js';

export function requestSnapshot(state: RaftState): boolean {
  if (state.role !== 'follower' || state.leader === null) return false;
  state.wantsSnapshot = true;
  const { id: from, leader: to, term, log } = state;
  state.send({ type: 'snapshot-request', from, to, term, index: log.lastIndex });
  return true;
}

/** Nothing is sent while the leader's state is behind what the follower has: it would have to forget entries. */
export function handleSnapshotRequest(state: RaftState, message: SnapshotRequestMessage): IgnoredReason | null {
  if (state.role !== 'leader') return 'unexpected';
  const progress = state.progress.get(message.from);
  if (progress === undefined) return 'unknown-peer';
  const snapshot = state.config.snapshot();
  if (snapshot === null || snapshot.meta.index < message.index || progress.state.kind === 'snapshot') {
    return 'unexpected';
  }
  state.send({ type: 'snapshot', from: state.id, to: message.from, term: state.term, snapshot });
  progress.becomeSnapshot(snapshot.meta.index);
  return null;
}

/** What was sent ahead may be lost, so the log is probed for where it ends. */
export function reportUnreachable(state: RaftState, peer: PeerId): void {
  const progress = state.progress.get(peer);
  if (progress?.state.kind === 'replicate') progress.becomeProbe();
}

/** The follower's own answer tells how far it is; until then one probe is sent after each sign of life. */
export function reportSnapshot(state: RaftState, peer: PeerId, delivered: boolean): void {
  const progress = state.progress.get(peer);
  if (progress?.state.kind !== 'snapshot') return;
  progress.becomeProbe(delivered ? Math.max(progress.match, progress.state.index) + 1 : progress.match + 1);
  progress.waiting = true;
}
