/** The leader's side of replication: Raft section 5.3, with probing, pipelining and hints for a fast repair. */
import { RaftInvariantError } from './raft.js';
import type { AppendResponseMessage, HeartbeatResponseMessage } from './message.js';
import type { Progress } from './progress.js';
import type { IgnoredReason } from './raft.js';
import type { RaftState } from './raft-state.js';

/** Sends each follower what is due to it: entries, news of the commit index, a probe, or a snapshot. */
export function sendAppends(state: RaftState): void {
  for (const progress of state.progress.values()) {
    while (isDue(state, progress) && sendAppend(state, progress));
  }
}

function isDue({ log }: RaftState, progress: Progress): boolean {
  if (progress.paused) return false;
  return progress.probeDue || progress.next <= log.lastIndex || progress.toldCommit < log.commit;
}

/** False when there was nothing that could be sent. */
function sendAppend(state: RaftState, progress: Progress): boolean {
  const { log, id: from, term } = state;
  const previousIndex = progress.next - 1;
  const previousTerm = log.term(previousIndex);
  if (previousTerm === null || progress.next < log.firstIndex) return sendSnapshot(state, progress);
  const entries = log.slice(progress.next, log.lastIndex, state.config.maxAppendBytes);
  const previous = { index: previousIndex, term: previousTerm };
  state.send({ type: 'append', from, to: progress.peer, term, previous, entries, commit: log.commit });
  progress.toldCommit = log.commit;
  progress.sent(previousIndex + entries.length);
  return true;
}

function sendSnapshot(state: RaftState, progress: Progress): boolean {
  // A snapshot is large, and a peer that does not answer heartbeats would not get it.
  const snapshot = progress.recentlyActive ? state.config.snapshot() : null;
  if (snapshot === null) {
    progress.waiting = true;
    return false;
  }
  const { index } = snapshot.meta;
  if (index < state.log.compacted.index || index > state.log.applied) {
    throw new RaftInvariantError(
      `a snapshot at ${index} is not between ${state.log.compacted.index} and ${state.log.applied}`,
    );
  }
  state.send({ type: 'snapshot', from: state.id, to: progress.peer, term: state.term, snapshot });
  progress.becomeSnapshot(index);
  return true;
}

export function sendHeartbeats(state: RaftState): void {
  const { id: from, term, log, heartbeatRound: round } = state;
  for (const { peer: to, match } of state.progress.values()) {
    state.send({ type: 'heartbeat', from, to, term, commit: Math.min(match, log.commit), round });
  }
}

/** A leader whose quorum does not answer may have been replaced without knowing it, so it steps down. */
export function tickReplication(state: RaftState): void {
  state.electionElapsed += 1;
  if (state.electionElapsed >= state.config.electionTicks) {
    state.electionElapsed = 0;
    if (state.config.checkQuorum && !hasActiveQuorum(state)) {
      state.becomeFollower(state.term, null);
      return;
    }
  }
  if (state.transfer !== null && (state.transfer.ticksLeft -= 1) <= 0) state.transfer = null;
  state.heartbeatElapsed += 1;
  if (state.heartbeatElapsed < state.config.heartbeatTicks) return;
  state.heartbeatElapsed = 0;
  sendHeartbeats(state);
}

function hasActiveQuorum({ id, members, progress }: RaftState): boolean {
  const active = [...members.voters].filter((voter) => voter === id || progress.get(voter)?.recentlyActive === true);
  for (const follower of progress.values()) follower.recentlyActive = false;
  return active.length >= members.quorum;
}

/**
 * Counting commits only entries of the own term, and those before with them (section 5.4.2). The own log counts up to
 * what is on disk, as everyone else's does.
 */
export function advanceCommit(state: RaftState): void {
  if (state.role !== 'leader') return;
  const { log, members, id, progress, term } = state;
  const reached = members.reachedByQuorum((voter) => (voter === id ? log.stable : (progress.get(voter)?.match ?? 0)));
  if (reached > log.commit && log.term(reached) === term) state.commitTo(reached);
}

export function handleAppendResponse(state: RaftState, message: AppendResponseMessage): IgnoredReason | null {
  if (state.role !== 'leader') return 'unexpected';
  const progress = state.progress.get(message.from);
  if (progress === undefined) return 'unknown-peer';
  const { index, rejected } = message;
  if (rejected === null && index > state.log.lastIndex) return 'malformed';
  progress.recentlyActive = true;
  if (rejected !== null) {
    const hint = rejected.term > 0 ? state.log.lastNotAbove(rejected.index, rejected.term).index : rejected.index;
    return progress.rejected(index, hint) ? null : 'unexpected';
  }
  if (progress.acknowledged(index)) advanceCommit(state);
  handOverIfCaughtUp(state, progress);
  return null;
}

export function handleHeartbeatResponse(state: RaftState, message: HeartbeatResponseMessage): IgnoredReason | null {
  if (state.role !== 'leader') return 'unexpected';
  const progress = state.progress.get(message.from);
  if (progress === undefined) return 'unknown-peer';
  if (message.round > state.heartbeatRound) return 'malformed';
  progress.recentlyActive = true;
  progress.answeredRound = Math.max(progress.answeredRound, message.round);
  progress.commit = Math.max(progress.commit, message.commit);
  if (progress.match < state.log.lastIndex) progress.aliveAndBehind();
  return null;
}

/** Leadership goes over when the heir has the whole log, so that it wins. */
export function handOverIfCaughtUp(state: RaftState, { peer: to, match }: Progress): void {
  if (state.transfer?.to !== to || match !== state.log.lastIndex) return;
  state.send({ type: 'timeout-now', from: state.id, to, term: state.term });
}
