import { applyConfChanges, departIfKnown, proposeConfChange, tickDeparture } from './membership.js';
import {
  countOwnVote,
  handlePreVote,
  handlePreVoteResponse,
  handleTimeoutNow,
  handleVote,
  handleVoteResponse,
  holdsToLeader,
  learnCommit,
  leaderUnreachable,
  tickElection,
} from './election.js';
import { handleAppend, handleHeartbeat, handleSnapshot } from './following.js';
import { isWellFormed } from './message-check.js';
import { propose, transferLeader } from './proposing.js';
import { beginReads, confirmReads, handleReadIndex, handleReadIndexResponse, requestRead } from './reading.js';
import {
  advanceCommit,
  handleAppendResponse,
  handleHeartbeatResponse,
  sendAppends,
  tickReplication,
} from './replication.js';
import { handleSnapshotRequest, reportSnapshot, reportUnreachable, requestSnapshot } from './snapshot-sending.js';
import { ReadyBuilder } from './ready-builder.js';
import { RaftState } from './raft-state.js';
import type { ConfChange } from './conf-change.js';
import type { LogIndex, PeerId } from './entry.js';
import type { Message } from './message.js';
import type {
  ConfChangeOutcome,
  IgnoredReason,
  ProposeOutcome,
  Raft,
  RaftStatus,
  ReadIndexOutcome,
  TransferOutcome,
} from './raft.js';
import type { RaftConfig, RestoredState } from './raft-config.js';
import type { Ready } from './ready.js';
import type { SnapshotMeta } from './snapshot.js';

export class RaftNode implements Raft {
  readonly #state: RaftState;
  readonly #readies: ReadyBuilder;

  /** Throws RaftInvariantError when what was restored contradicts itself: the disk has lost what it had synced. */
  constructor(config: RaftConfig, restored: RestoredState) {
    this.#state = new RaftState(config, restored);
    this.#readies = new ReadyBuilder(this.#state, restored.hardState);
  }

  tick(): void {
    this.#state.reads.tick();
    if (this.#state.role === 'leader') {
      tickReplication(this.#state);
      tickDeparture(this.#state);
    } else {
      tickElection(this.#state);
    }
  }

  step(message: Message): IgnoredReason | null {
    const state = this.#state;
    if (!isWellFormed(message, state.term)) return 'malformed';
    if (message.to !== state.id || message.from === state.id) return 'misdirected';
    if (message.type === 'pre-vote-response' || message.type === 'vote-response') learnCommit(state, message.commit);
    if (message.term > state.term) {
      const refused = this.#meetNewerTerm(message);
      if (refused !== null) return refused;
    } else if (message.term < state.term) {
      this.#answerOldTerm(message);
      return 'old-term';
    }
    return this.#dispatch(message);
  }

  /** Takes over the term, unless the message only asks whether it could be reached. */
  #meetNewerTerm(message: Message): IgnoredReason | null {
    const state = this.#state;
    switch (message.type) {
      case 'vote':
        // An answer would carry no promise; silence keeps a peer that is cut off from disturbing the leader.
        if (holdsToLeader(state, message.cause)) return 'leader-is-alive';
        state.becomeFollower(message.term, null);
        return null;
      case 'pre-vote':
        return null;
      case 'pre-vote-response':
        if (!message.granted) state.becomeFollower(message.term, null);
        return null;
      case 'append':
      case 'heartbeat':
      case 'snapshot':
        state.becomeFollower(message.term, message.from);
        return null;
      case 'append-response':
      case 'heartbeat-response':
      case 'vote-response':
      case 'snapshot-request':
      case 'timeout-now':
      case 'read-index':
      case 'read-index-response':
        state.becomeFollower(message.term, null);
        return null;
    }
  }

  /** The sender learns the term that it missed: a leader steps down, a candidate asks again with a newer one. */
  #answerOldTerm(message: Message): void {
    const { id: from, term } = this.#state;
    const { from: to, type } = message;
    if (type === 'append' || type === 'heartbeat') {
      const previous = { index: 0, term: 0 };
      this.#state.sendAfterPersistence({ type: 'append-response', from, to, term, index: 0, rejected: previous });
    } else if (type === 'pre-vote') {
      const commit = this.#state.log.committed;
      this.#state.sendAfterPersistence({ type: 'pre-vote-response', from, to, term, granted: false, commit });
    }
  }

  #dispatch(message: Message): IgnoredReason | null {
    const state = this.#state;
    switch (message.type) {
      case 'append':
        return handleAppend(state, message);
      case 'append-response':
        return handleAppendResponse(state, message);
      case 'heartbeat':
        return handleHeartbeat(state, message);
      case 'heartbeat-response': {
        const ignored = handleHeartbeatResponse(state, message);
        if (ignored !== null) return ignored;
        confirmReads(state);
        departIfKnown(state);
        return null;
      }
      case 'pre-vote':
        return handlePreVote(state, message);
      case 'pre-vote-response':
        return handlePreVoteResponse(state, message);
      case 'vote':
        return handleVote(state, message);
      case 'vote-response':
        return handleVoteResponse(state, message);
      case 'snapshot':
        return handleSnapshot(state, message);
      case 'snapshot-request':
        return handleSnapshotRequest(state, message);
      case 'timeout-now':
        return handleTimeoutNow(state, message.from);
      case 'read-index':
        return handleReadIndex(state, message);
      case 'read-index-response':
        return handleReadIndexResponse(state, message);
    }
  }

  propose(data: Uint8Array): ProposeOutcome {
    return propose(this.#state, data);
  }

  proposeConfChange(change: ConfChange): ConfChangeOutcome {
    return proposeConfChange(this.#state, change);
  }

  transferLeader(to: PeerId): TransferOutcome {
    return transferLeader(this.#state, to);
  }

  readIndex(context: number): ReadIndexOutcome {
    return requestRead(this.#state, context);
  }

  requestSnapshot(): boolean {
    return requestSnapshot(this.#state);
  }

  reportUnreachable(peer: PeerId): void {
    reportUnreachable(this.#state, peer);
  }

  reportSnapshot(peer: PeerId, delivered: boolean): void {
    reportSnapshot(this.#state, peer, delivered);
  }

  leaderUnreachable(peer: PeerId): void {
    leaderUnreachable(this.#state, peer);
  }

  ready(): Ready | null {
    const state = this.#state;
    if (state.role === 'leader') {
      beginReads(state);
      confirmReads(state);
      sendAppends(state);
    }
    return this.#readies.build();
  }

  persisted(sequence: number): void {
    const state = this.#state;
    const stable = state.persistence.finish(sequence);
    state.log.stable = Math.max(state.log.stable, stable);
    countOwnVote(state);
    advanceCommit(state);
  }

  applied(index: LogIndex): void {
    const { log } = this.#state;
    const before = log.applied;
    log.appliedTo(index);
    applyConfChanges(this.#state, before, log.applied);
  }

  compact(index: LogIndex): void {
    this.#state.log.compactTo(index);
  }

  appliedMeta(): SnapshotMeta | null {
    const { log, confState } = this.#state;
    const term = log.term(log.applied);
    return term === null ? null : { index: log.applied, term, confState };
  }

  status(): RaftStatus {
    const { id, role, leader, term, vote, log, members, transfer, progress } = this.#state;
    return {
      id,
      role,
      leader,
      term,
      vote,
      commit: log.commit,
      applied: log.applied,
      firstIndex: log.firstIndex,
      lastIndex: log.lastIndex,
      confState: members.confState,
      transferringTo: transfer?.to ?? null,
      progress: Array.from(progress.values(), (follower) => ({
        peer: follower.peer,
        learner: members.learners.has(follower.peer),
        match: follower.match,
        state: follower.state.kind,
        recentlyActive: follower.recentlyActive,
      })),
    };
  }
}
