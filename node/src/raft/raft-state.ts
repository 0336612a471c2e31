/**
 * What one peer knows, and the transitions between roles. The files around it are what is done with it: elections,
 * replication, reads, members, leader transfer. Nothing outside this folder sees it.
 */
import { Members } from './members.js';
import { Persistence } from './persistence.js';
import { Progress } from './progress.js';
import { RaftLog } from './raft-log.js';
import { RaftInvariantError } from './raft.js';
import { PendingReads } from './pending-reads.js';
import type { ConfState } from './conf-change.js';
import { decodeConfChange } from './conf-change.js';
import type { Entry, LogIndex, PeerId, Term } from './entry.js';
import type { CampaignCause, Message } from './message.js';
import type { RaftConfig, RestoredState } from './raft-config.js';
import type { Role } from './ready.js';
import type { Snapshot } from './snapshot.js';

/** A campaign against a leader whose connection was refused or reset, which does not wait for the election timeout. */
export interface EarlyCampaign {
  ticksLeft: number;
  /** Before the first attempt; by it the attempts of two peers stay apart. */
  readonly delayTicks: number;
  attempts: number;
}

export interface Transfer {
  readonly to: PeerId;
  ticksLeft: number;
}

export interface Departure {
  /** Of the entry that removed this peer. */
  readonly index: LogIndex;
  ticksLeft: number;
}

export class RaftState {
  readonly config: RaftConfig;
  readonly id: PeerId;
  readonly log: RaftLog;
  readonly persistence: Persistence;
  readonly reads: PendingReads;

  term: Term;
  vote: PeerId | null;
  role: Role = 'follower';
  leader: PeerId | null = null;

  members: Members;
  /** The index as of which the members are; changes of members up to it are not applied again. */
  membersIndex: LogIndex;

  /** Ticks since the leader was heard, a vote was given or a campaign began; a leader: since the quorum was checked. */
  electionElapsed = 0;
  electionTimeout = 0;
  heartbeatElapsed = 0;

  campaignCause: CampaignCause = 'timeout';
  readonly votes = new Map<PeerId, boolean>();
  /** The connection of the leader that was last heard was refused or reset since. */
  leaderIsGone = false;
  earlyCampaign: EarlyCampaign | null = null;

  /** Of a leader only, one for each other member. */
  readonly progress = new Map<PeerId, Progress>();
  /** A change of members at or before this index may be unapplied, so the next has to wait. */
  pendingConfIndex: LogIndex = 0;
  uncommittedBytes = 0;
  heartbeatRound = 0;
  transfer: Transfer | null = null;
  /** A leader that is a member no longer, until the others know that. */
  departure: Departure | null = null;

  /** Installed in memory and not yet handed to the driver. */
  snapshot: Snapshot | null = null;
  /** This peer asked for the leader's whole state. */
  wantsSnapshot = false;

  messages: Message[] = [];
  messagesAfterPersistence: Message[] = [];

  constructor(config: RaftConfig, restored: RestoredState) {
    checkRestored(restored);
    this.config = config;
    this.id = config.id;
    this.log = new RaftLog(restored.compacted, restored.entries, restored.appliedIndex);
    this.log.commitTo(Math.max(restored.hardState.commit, committedByConfChanges(restored.entries)));
    // A leader's entry may have reached the disk without the term beside it; no vote of that term was sent then.
    const { term, vote } = restored.hardState;
    this.term = Math.max(term, this.log.last.term);
    this.vote = this.term === term ? vote : null;
    this.persistence = new Persistence(term, vote);
    this.reads = new PendingReads();
    this.members = Members.of(restored.confState);
    this.membersIndex = restored.appliedIndex;
    this.#drawElectionTimeout();
  }

  get confState(): ConfState {
    return this.members.confState;
  }

  /** Learners and peers that are no members do not campaign. */
  get isVoter(): boolean {
    return this.members.voters.has(this.id);
  }

  send(message: Message): void {
    this.messages.push(message);
  }

  sendAfterPersistence(message: Message): void {
    this.messagesAfterPersistence.push(message);
  }

  becomeFollower(term: Term, leader: PeerId | null): void {
    this.#reset('follower', term, leader);
  }

  /** The term stays: a pre-vote binds nobody. */
  becomePreCandidate(cause: CampaignCause): void {
    this.#reset('pre-candidate', this.term, null);
    this.campaignCause = cause;
  }

  becomeCandidate(cause: CampaignCause): void {
    this.#reset('candidate', this.term + 1, null);
    this.vote = this.id;
    this.campaignCause = cause;
  }

  becomeLeader(): void {
    if (this.role !== 'candidate') throw new RaftInvariantError(`a ${this.role} cannot become the leader`);
    this.#reset('leader', this.term, this.id);
    this.pendingConfIndex = this.log.lastIndex;
    this.trackMembers();
    this.appendOwn('empty', new Uint8Array());
  }

  /** A leader follows the members that it has, and forgets the others. */
  trackMembers(): void {
    for (const peer of this.progress.keys()) if (!this.members.has(peer)) this.progress.delete(peer);
    for (const peer of this.members.all()) {
      if (peer === this.id || this.progress.has(peer)) continue;
      this.progress.set(peer, new Progress(peer, this.log.lastIndex + 1, this.config.maxInflightAppends));
    }
  }

  /** Only a leader appends entries of its own, and it never replaces any. */
  appendOwn(kind: Entry['kind'], data: Uint8Array): Entry {
    const entry = { index: this.log.lastIndex + 1, term: this.term, kind, data };
    this.log.append([entry]);
    this.uncommittedBytes += data.length;
    return entry;
  }

  commitTo(index: LogIndex): void {
    for (let at = this.log.commit + 1; at <= index; at += 1) {
      this.uncommittedBytes = Math.max(0, this.uncommittedBytes - (this.log.entry(at)?.data.length ?? 0));
    }
    this.log.commitTo(index);
  }

  /** The leader spoke. */
  heardLeader(leader: PeerId): void {
    if (this.role !== 'follower') this.becomeFollower(this.term, leader);
    this.leader = leader;
    this.electionElapsed = 0;
    this.leaderIsGone = false;
    this.earlyCampaign = null;
  }

  #reset(role: Role, term: Term, leader: PeerId | null): void {
    if (!Number.isSafeInteger(term)) throw new RaftInvariantError('there are no more terms');
    if (term < this.term) throw new RaftInvariantError(`term ${term} is before ${this.term}`);
    if (term > this.term || leader !== this.leader) this.reads.abortUnconfirmed(this.id);
    if (term > this.term) this.vote = null;
    this.role = role;
    this.term = term;
    this.leader = leader;
    this.electionElapsed = 0;
    this.heartbeatElapsed = 0;
    this.#drawElectionTimeout();
    this.votes.clear();
    this.progress.clear();
    this.uncommittedBytes = 0;
    this.heartbeatRound = 0;
    this.transfer = null;
    this.departure = null;
  }

  #drawElectionTimeout(): void {
    const { electionTicks, random } = this.config;
    this.electionTimeout = electionTicks + Math.floor(random() * electionTicks);
  }
}

function checkRestored({ hardState, appliedIndex, compacted, entries }: RestoredState): void {
  let previous = compacted;
  for (const entry of entries) {
    if (entry.index !== previous.index + 1 || entry.term < previous.term) {
      throw new RaftInvariantError(`entry ${entry.index} of term ${entry.term} follows ${previous.index}`);
    }
    previous = entry;
  }
  if (appliedIndex < compacted.index || Math.max(appliedIndex, hardState.commit) > previous.index) {
    throw new RaftInvariantError(
      `the log has ${compacted.index + 1} to ${previous.index}, but ${appliedIndex} is applied and ` +
        `${hardState.commit} committed`,
    );
  }
}

/**
 * A change of members is proposed only when the one before it is applied, so that one is committed. The commit index
 * on disk may be older than that; a campaign with the members of before could then win beside another leader.
 */
function committedByConfChanges(entries: readonly Entry[]): LogIndex {
  const changes = entries.filter(({ kind, data }) => kind === 'conf-change' && decodeConfChange(data) !== null);
  return changes.at(-2)?.index ?? 0;
}
