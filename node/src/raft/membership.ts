/** Changes of members, one at a time: Ongaro's thesis, section 4.1, taking effect when they are applied. */
import { decodeConfChange, encodeConfChange } from './conf-change.js';
import type { ConfChange } from './conf-change.js';
import type { LogIndex } from './entry.js';
import type { ConfChangeOutcome } from './raft.js';
import { refuseProposal } from './proposing.js';
import { advanceCommit } from './replication.js';
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
  if (!state.isVoter) {
    stepDownAsRemoved(state);
    return;
  }
  state.trackMembers();
  if (state.transfer !== null && !state.members.voters.has(state.transfer.to)) state.transfer = null;
  // Fewer voters may have been enough for what was waiting.
  advanceCommit(state);
}

/** The others need not wait for an election timeout: the one that has most of the log is asked to take over. */
function stepDownAsRemoved(state: RaftState): void {
  const { id: from, term, progress } = state;
  const heirs = [...state.members.voters].sort((a, b) => (progress.get(b)?.match ?? 0) - (progress.get(a)?.match ?? 0));
  const to = heirs[0];
  if (to !== undefined) state.send({ type: 'timeout-now', from, to, term });
  state.becomeFollower(term, null);
}
