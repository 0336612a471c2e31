/** The follower's side of replication: Raft section 5.3, and snapshots, section 7. */
import { Members } from './members.js';
import type { LogIndex, PeerId } from './entry.js';
import type { AppendMessage, HeartbeatMessage, SnapshotMessage } from './message.js';
import type { IgnoredReason } from './raft.js';
import type { RaftState } from './raft-state.js';

/** Answers are promises about the disk, so they are sent when it has what they say. */
function acknowledge(state: RaftState, to: PeerId, index: LogIndex): void {
  const { id: from, term } = state;
  state.sendAfterPersistence({ type: 'append-response', from, to, term, index, rejected: null });
}

export function handleAppend(state: RaftState, message: AppendMessage): IgnoredReason | null {
  if (!followsLeader(state, message.from)) return 'unexpected';
  const { from, previous, entries, commit } = message;
  const { log } = state;
  if (previous.index < log.commit) {
    // Older than what is known already: committed entries are equal everywhere.
    acknowledge(state, from, log.commit);
    return null;
  }
  if (!log.has(previous)) {
    const rejected = log.lastNotAbove(Math.min(previous.index, log.lastIndex), previous.term);
    const { id, term } = state;
    state.sendAfterPersistence({ type: 'append-response', from: id, to: from, term, index: previous.index, rejected });
    return null;
  }
  const difference = log.firstDifference(entries);
  if (difference !== null) {
    if (difference <= log.commit) return 'contradicts-commit';
    state.persistence.cutAfter(difference - 1);
    log.append(entries.slice(difference - previous.index - 1));
  }
  const last = previous.index + entries.length;
  log.commitTo(Math.min(commit, last));
  acknowledge(state, from, last);
  return null;
}

export function handleHeartbeat(state: RaftState, message: HeartbeatMessage): IgnoredReason | null {
  if (!followsLeader(state, message.from)) return 'unexpected';
  const { from: to, commit, round } = message;
  const { id, term, log } = state;
  // A leader names no more than this peer acknowledged; beyond the log's end there is nothing to trust it with.
  const believable = commit <= log.lastIndex;
  if (believable) log.commitTo(commit);
  state.send({ type: 'heartbeat-response', from: id, to, term, round, commit: log.commit });
  return believable ? null : 'contradicts-commit';
}

export function handleSnapshot(state: RaftState, message: SnapshotMessage): IgnoredReason | null {
  if (!followsLeader(state, message.from)) return 'unexpected';
  const { snapshot, from } = message;
  const { meta } = snapshot;
  const { log } = state;
  const wanted = state.wantsSnapshot && meta.index >= log.lastIndex;
  if (!wanted && (meta.index <= log.commit || log.has(meta))) {
    // What follows the snapshot in this log was acknowledged and must stay.
    log.commitTo(meta.index);
    acknowledge(state, from, log.commit);
    return null;
  }
  state.persistence.cutAfter(log.commit);
  log.restore(meta);
  state.members = Members.of(meta.confState);
  state.membersIndex = meta.index;
  state.snapshot = snapshot;
  state.wantsSnapshot = false;
  acknowledge(state, from, meta.index);
  return null;
}

/** There is one leader in a term. Whoever else speaks as one is ignored. */
function followsLeader(state: RaftState, leader: PeerId): boolean {
  if (state.role === 'leader' || (state.leader !== null && state.leader !== leader)) return false;
  state.heardLeader(leader);
  return true;
}
