import type { NotLeader, ProposeOutcome, TransferOutcome } from './raft.js';
import { handOverIfCaughtUp } from './replication.js';
import type { PeerId } from './entry.js';
import type { RaftState } from './raft-state.js';

/** Null when this peer takes proposals. */
export function refuseProposal(state: RaftState): Exclude<ProposeOutcome, { kind: 'accepted' }> | null {
  if (state.role !== 'leader') return notLeader(state);
  if (state.departure !== null) return { kind: 'not-leader', leader: null };
  if (state.transfer !== null) return { kind: 'transferring', to: state.transfer.to };
  if (state.uncommittedBytes >= state.config.maxUncommittedBytes) return { kind: 'busy' };
  return null;
}

function notLeader({ leader }: RaftState): NotLeader {
  return { kind: 'not-leader', leader };
}

export function propose(state: RaftState, data: Uint8Array): ProposeOutcome {
  const refused = refuseProposal(state);
  if (refused !== null) return refused;
  const { index, term } = state.appendOwn('normal', data);
  return { kind: 'accepted', index, term };
}

/** Ongaro's thesis, section 3.10. Proposals wait meanwhile, so that the heir can catch up. */
export function transferLeader(state: RaftState, to: PeerId): TransferOutcome {
  if (state.role !== 'leader') return notLeader(state);
  if (state.transfer !== null) return { kind: 'busy' };
  const progress = state.progress.get(to);
  if (progress === undefined || !state.members.voters.has(to)) return { kind: 'not-a-voter' };
  state.transfer = { to, ticksLeft: state.config.electionTicks };
  handOverIfCaughtUp(state, progress);
  return { kind: 'accepted' };
}
