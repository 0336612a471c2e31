/** Elections: Raft section 5.2 and 5.4.1, pre-vote and leases as in Ongaro's thesis, sections 4.2.3, 6.4.1 and 9.6. */
import { RaftInvariantError } from './raft.js';
import { decodeConfChange } from './conf-change.js';
import type { EntryId, PeerId } from './entry.js';
import type {
  CampaignCause,
  PreVoteMessage,
  PreVoteResponseMessage,
  VoteMessage,
  VoteResponseMessage,
} from './message.js';
import type { IgnoredReason } from './raft.js';
import type { RaftState } from './raft-state.js';

/** Ticks of silence beyond a heartbeat interval that make it believable that the leader is gone. */
const silenceTicks = 2;
/** Between early campaigns of peers that are next to each other in rank: time for one to be won. */
const ticksPerRank = 2;
const earlyRetryTicks = 3;
const maxEarlyAttempts = 3;

export function tickElection(state: RaftState): void {
  state.electionElapsed += 1;
  if (state.earlyCampaign !== null && (state.earlyCampaign.ticksLeft -= 1) <= 0) campaignEarly(state);
  if (state.electionElapsed >= state.electionTimeout) campaign(state, 'timeout');
}

/**
 * The followers of a dead leader notice it together. Were they to draw their delays they would meet in a third of the
 * cases, and a split vote costs an election timeout; so each waits according to its rank among the voters.
 */
export function leaderUnreachable(state: RaftState, peer: PeerId): void {
  if (state.role !== 'follower' || peer !== state.leader || state.leaderIsGone) return;
  state.leaderIsGone = true;
  if (!state.isVoter) return;
  const delayTicks = rank(state) * ticksPerRank;
  state.earlyCampaign = { ticksLeft: delayTicks, delayTicks, attempts: 0 };
  if (delayTicks === 0) campaignEarly(state);
}

function rank(state: RaftState): number {
  const others = state.confState.voters.filter((voter) => voter !== state.leader);
  return Math.max(0, others.indexOf(state.id));
}

function campaignEarly(state: RaftState): void {
  const early = state.earlyCampaign;
  if (early === null) return;
  early.attempts += 1;
  early.ticksLeft = earlyRetryTicks * 2 ** (early.attempts - 1) + early.delayTicks;
  if (early.attempts >= maxEarlyAttempts) state.earlyCampaign = null;
  campaign(state, 'leader-unreachable');
}

export function campaign(state: RaftState, cause: CampaignCause): void {
  if (state.role === 'leader' || !state.isVoter || hasUnappliedConfChange(state)) return;
  if (state.config.preVote && cause !== 'transfer') askForPreVotes(state, cause);
  else askForVotes(state, cause);
}

/** Its members are about to be others: a majority of the ones it knows may be none any more. */
function hasUnappliedConfChange({ log, membersIndex }: RaftState): boolean {
  for (let index = Math.max(log.applied, membersIndex, log.compacted.index) + 1; index <= log.commit; index += 1) {
    const entry = log.entry(index);
    if (entry?.kind === 'conf-change' && decodeConfChange(entry.data) !== null) return true;
  }
  return false;
}

function askForPreVotes(state: RaftState, cause: CampaignCause): void {
  state.becomePreCandidate(cause);
  const { id: from, term, log } = state;
  for (const to of state.members.voters) {
    if (to === from) continue;
    state.send({ type: 'pre-vote', from, to, term: term + 1, last: lastId(log), cause });
  }
  recordVote(state, from, true);
}

/**
 * Votes are asked for when the own one is on disk, and the own one counts only then. Otherwise this peer could crash,
 * forget that it had this term, and gather votes for it that were given to a longer log than it has now.
 */
function askForVotes(state: RaftState, cause: CampaignCause): void {
  state.becomeCandidate(cause);
  const { id: from, term, log } = state;
  for (const to of state.members.voters) {
    if (to === from) continue;
    state.sendAfterPersistence({ type: 'vote', from, to, term, last: lastId(log), cause });
  }
}

/** To be called when a Ready is on disk. */
export function countOwnVote(state: RaftState): void {
  const { role, votes, id, term, persistence } = state;
  if (role !== 'candidate' || votes.has(id) || !persistence.hasOnDisk(term, id)) return;
  recordVote(state, id, true);
}

function lastId({ last }: RaftState['log']): { index: number; term: number } {
  return { index: last.index, term: last.term };
}

function recordVote(state: RaftState, peer: PeerId, granted: boolean): void {
  if (!state.votes.has(peer)) state.votes.set(peer, granted);
  const { voters, quorum } = state.members;
  const answers = [...voters].map((voter) => state.votes.get(voter));
  if (answers.filter((answer) => answer === true).length >= quorum) win(state);
  else if (answers.filter((answer) => answer === false).length > voters.size - quorum) {
    state.becomeFollower(state.term, null);
  }
}

function win(state: RaftState): void {
  switch (state.role) {
    case 'pre-candidate': {
      askForVotes(state, state.campaignCause);
      return;
    }
    case 'candidate':
      state.earlyCampaign = null;
      state.leaderIsGone = false;
      {
        state.becomeLeader();
        return;
      }
    case 'follower':
    case 'leader':
      throw new RaftInvariantError(`a ${state.role} counted votes`);
  }
}

/**
 * Whether this peer holds to its leader. Evidence of another peer alone does not end that: its link may be the only
 * one that broke. It counts when this peer has the same evidence, or misses heartbeats already.
 */
export function holdsToLeader(state: RaftState, cause: CampaignCause): boolean {
  if (!state.config.checkQuorum || state.leader === null || cause === 'transfer') return false;
  if (state.role === 'leader') return true;
  const suspects = state.leaderIsGone || state.electionElapsed >= state.config.heartbeatTicks + silenceTicks;
  if (cause === 'leader-unreachable' && suspects) return false;
  return state.electionElapsed < state.config.electionTicks;
}

export function handlePreVote(state: RaftState, message: PreVoteMessage): IgnoredReason | null {
  const { from: to, term, last, cause } = message;
  const holds = holdsToLeader(state, cause);
  const granted = !holds && term > state.term && state.log.isNotAheadOf(last);
  state.send({
    type: 'pre-vote-response',
    from: state.id,
    to,
    term: granted ? term : state.term,
    granted,
    commit: state.log.committed,
  });
  // The one that asked is about to be elected; an own campaign now would only split the votes.
  const early = state.earlyCampaign;
  if (granted && early !== null) early.ticksLeft = Math.max(early.ticksLeft, earlyRetryTicks);
  return holds ? 'leader-is-alive' : null;
}

/** The term is this peer's own by now, and whether it holds to a leader was asked before it took over the term. */
export function handleVote(state: RaftState, message: VoteMessage): IgnoredReason | null {
  const { from: to, last } = message;
  const free = state.vote === to || (state.vote === null && state.leader === null);
  const granted = free && state.log.isNotAheadOf(last);
  if (granted) {
    state.vote = to;
    state.electionElapsed = 0;
    state.earlyCampaign = null;
  }
  const { id: from, term, log } = state;
  state.sendAfterPersistence({ type: 'vote-response', from, to, term, granted, commit: log.committed });
  return null;
}

/** That an entry is committed stays true in every term, and an equal entry ends an equal log. */
export function learnCommit(state: RaftState, committed: EntryId): void {
  if (state.role !== 'leader' && state.log.has(committed)) state.commitTo(committed.index);
}

export function handlePreVoteResponse(state: RaftState, message: PreVoteResponseMessage): IgnoredReason | null {
  if (state.role !== 'pre-candidate') return 'unexpected';
  if (message.granted && message.term !== state.term + 1) return 'unexpected';
  recordVote(state, message.from, message.granted);
  return null;
}

export function handleVoteResponse(state: RaftState, message: VoteResponseMessage): IgnoredReason | null {
  if (state.role !== 'candidate') return 'unexpected';
  recordVote(state, message.from, message.granted);
  return null;
}

export function handleTimeoutNow(state: RaftState, from: PeerId): IgnoredReason | null {
  if (state.role === 'leader' || !state.isVoter || (state.leader !== null && state.leader !== from)) {
    return 'unexpected';
  }
  campaign(state, 'transfer');
  return null;
}
