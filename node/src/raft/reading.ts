/** Linearizable reads without log entries: Ongaro's thesis, section 6.4. */
import type { ReadIndexMessage, ReadIndexResponseMessage } from './message.js';
import type { IgnoredReason, ReadIndexOutcome } from './raft.js';
import { sendHeartbeats } from './replication.js';
import type { RaftState } from './raft-state.js';

/** An answer of the leader that is not there after so many election timeouts is not coming. */
const forwardedTimeouts = 2;

export function requestRead(state: RaftState, context: number): ReadIndexOutcome {
  const { reads, leader, config, id: from, term } = state;
  if (leader === null) return { kind: 'not-leader', leader };
  if (reads.size >= config.maxPendingReads) return { kind: 'busy' };
  if (state.role === 'leader') {
    reads.request(from, context);
  } else {
    reads.forwarded(context, forwardedTimeouts * config.electionTicks);
    state.send({ type: 'read-index', from, to: leader, term, context });
  }
  return { kind: 'accepted' };
}

export function handleReadIndex(state: RaftState, message: ReadIndexMessage): IgnoredReason | null {
  if (state.role !== 'leader') return 'unexpected';
  if (!state.progress.has(message.from)) return 'unknown-peer';
  // The follower asks again when no answer comes.
  if (state.reads.size >= state.config.maxPendingReads) return 'unexpected';
  state.reads.request(message.from, message.context);
  return null;
}

export function handleReadIndexResponse(state: RaftState, message: ReadIndexResponseMessage): IgnoredReason | null {
  if (state.leader !== message.from) return 'unexpected';
  return state.reads.answered(message.context, message.index) ? null : 'unexpected';
}

/**
 * A new leader does not know what is committed before it has committed an entry of its own term; reads wait for that.
 * All reads that came since the last round share the next one.
 */
export function beginReads(state: RaftState): void {
  const { log, reads } = state;
  if (log.term(log.commit) !== state.term) return;
  if (!reads.begin(log.commit, state.heartbeatRound + 1)) return;
  state.heartbeatRound += 1;
  sendHeartbeats(state);
}

/** That a quorum answered a round which began after the request shows that nobody else was leader at that time. */
export function confirmReads(state: RaftState): void {
  const { members, id: from, progress, reads, heartbeatRound, term } = state;
  const round = members.reachedByQuorum((voter) =>
    voter === from ? heartbeatRound : (progress.get(voter)?.answeredRound ?? 0),
  );
  for (const { from: to, context, index } of reads.confirm(round)) {
    if (to === from) reads.awaitApply(context, index);
    else state.send({ type: 'read-index-response', from, to, term, context, index });
  }
}
