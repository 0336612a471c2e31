/** Changes of members, one at a time: Ongaro's thesis, section 4.1, taking effect when they are applied. */
import { decodeConfChange, encodeConfChange } from './conf-change.js';
import type { ConfChange } from './conf-change.js';
import type { LogIndex } from './entry.js';
import type { ConfChangeOutcome } from './raft.js';
import { refuseProposal } from './proposing.js';
import { advanceCommit, sendHeartbeats } from './replication.js';
import type { RaftState } from './raft-state.js';

export function proposeConfChange(state: RaftState, change: ConfChange): ConfChangeOutcome {
  const refused = refuseProposal(state);
  if (refused !== null) return refused;
  // Majorities of members that differ by one change overlap; of those that differ by two they may not.
  if (state.pendingConfIndex > state.log.applied) return { kind: 'pending' };
  if (state.members.after(change) === state.members) return { kind: 'no-effect' };
  const { index, term } = state.appendOwn('conf-change', encodeConfChange(change));
  state.pendingConfIndex = index;
  return { kind: 'accepted', index, term };
}

/** The driver has applied the entries after `applied`, up to `to`. */
export function applyConfChanges(state: RaftState, applied: LogIndex, to: LogIndex): void {
  const before = state.members;
  for (let index = Math.max(applied, state.membersIndex, state.log.compacted.index) + 1; index <= to; index += 1) {
    const entry = state.log.entry(index);
    if (entry?.kind !== 'conf-change') continue;
    const change = decodeConfChange(entry.data);
    if (change !== null) state.members = state.members.after(change);
    state.membersIndex = index;
  }
  if (state.members !== before && state.role === 'leader') leadNewMembers(state);
}

function leadNewMembers(state: RaftState): void {
  state.trackMembers();
  if (state.transfer !== null && !state.members.voters.has(state.transfer.to)) state.transfer = null;
  // Fewer voters may have been enough for what was waiting.
  advanceCommit(state);
  if (state.isVoter) return;
  state.departure ??= { index: state.membersIndex, ticksLeft: state.config.electionTicks };
  sendHeartbeats(state);
}

export function tickDeparture(state: RaftState): void {
  if (state.departure !== null && (state.departure.ticksLeft -= 1) <= 0) depart(state);
}

/**
 * A leader that removed itself leads on until a majority of those who stay knows that it did: with the members of
 * before they might need its vote, and it may be gone for good by then. It takes no proposals meanwhile.
 */
export function departIfKnown(state: RaftState): void {
  const { departure, members, progress } = state;
  if (departure === null) return;
  if (members.reachedByQuorum((voter) => progress.get(voter)?.commit ?? 0) >= departure.index) depart(state);
}

/** The others need not wait for an election timeout: the one that has most of the log is asked to take over. */
function depart(state: RaftState): void {
  const { id: from, term, progress } = state;
  const heirs = [...progress.values()].filter(({ peer }) => state.members.voters.has(peer));
  const heir = heirs.sort((a, b) => b.match - a.match)[0];
  if (heir !== undefined) state.send({ type: 'timeout-now', from, to: heir.peer, term });
  state.becomeFollower(term, null);
}
