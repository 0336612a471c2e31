/**
 * The consensus of one simulated cluster: who its members are, who leads, and the list of what was agreed on. What
 * an operation does is decided by the node's own metadata, so that both refuse the same things.
 */
import { apply } from '../../../../node/src/metadata/apply.js';
import type { Applied, MetadataOperation } from '../../../../node/src/metadata/metadata-operation.js';
import { firstPeerMetadata, type MetadataState } from '../../../../node/src/metadata/metadata-state.js';
import type { PeerId } from '../../../../node/src/metadata/peer-id.js';
import type { VirtualClock } from '../virtual-clock.js';
import type { Timing } from './timing.js';

export type Role = 'learner' | 'voter';

/** The state after an entry of the log. */
export interface Committed {
  readonly index: number;
  readonly term: number;
  readonly metadata: MetadataState;
  readonly members: ReadonlyMap<PeerId, Role>;
}

/** A running process that takes part. */
export interface Member {
  readonly peer: PeerId;
  /** False: cut off from the other peers. */
  readonly connected: boolean;
  readonly seen: Committed;
  see(committed: Committed): void;
  /** Leadership may have changed: what waited for a leader may be tried again. */
  wake(): void;
}

interface Proposal {
  readonly operation: MetadataOperation;
  readonly by: Member;
  readonly settle: (applied: Applied, committed: Committed) => void;
}

export class FakeConsensus {
  readonly first: PeerId;
  latest: Committed;
  leader: PeerId | null;
  /** What followers believe: a leader that is gone is named until the election timeout. */
  believedLeader: PeerId | null;
  readonly #clock: VirtualClock;
  readonly #timing: Timing;
  readonly #onCommit: (before: Committed, after: Committed) => void;
  readonly #running = new Map<PeerId, Member>();
  #proposals: Proposal[] = [];
  #electing = false;
  #committing = false;
  readonly #promoting = new Set<PeerId>();

  constructor(
    first: { readonly peer: PeerId; readonly uri: string },
    world: {
      readonly clock: VirtualClock;
      readonly timing: Timing;
      readonly onCommit: (before: Committed, after: Committed) => void;
    },
  ) {
    this.first = first.peer;
    this.#clock = world.clock;
    this.#timing = world.timing;
    this.#onCommit = world.onCommit;
    this.leader = first.peer;
    this.believedLeader = first.peer;
    this.latest = {
      index: 1,
      term: 1,
      metadata: { ...firstPeerMetadata(first.peer, first.uri), appliedIndex: 1 },
      members: new Map([[first.peer, 'voter']]),
    };
  }

  get running(): readonly Member[] {
    return [...this.#running.values()];
  }

  member(peer: PeerId): Member | null {
    return this.#running.get(peer) ?? null;
  }

  reachable(peer: PeerId): boolean {
    return this.#running.get(peer)?.connected === true;
  }

  start(member: Member): void {
    this.#running.set(member.peer, member);
    this.#show(member);
    this.reconsider();
  }

  stop(member: Member): void {
    if (this.#running.get(member.peer) === member) this.#running.delete(member.peer);
    this.#proposals = this.#proposals.filter(({ by }) => by !== member);
    this.reconsider();
  }

  /** To be called when a member came, went, was cut off or heard again. */
  reconsider(): void {
    if (this.leader !== null && (!this.#mayVote(this.leader) || !this.#hasQuorum())) this.leader = null;
    if (this.leader !== null) {
      for (const member of this.#running.values()) this.#show(member);
      this.#promote();
      this.#commitNext();
    } else if (!this.#electing) {
      this.#electing = true;
      const alone = this.latest.members.size === 1;
      this.#clock.after(alone ? this.#timing.commitMs : this.#timing.electionMs, () => this.#elect());
    }
  }

  /** Resolves when the proposer has applied it; null: nobody led in time. */
  propose(by: Member, operation: MetadataOperation, timeoutMs = this.#timing.proposalMs): Promise<Applied | null> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(timeoutMs, () => {
        this.#proposals = this.#proposals.filter((other) => other !== proposal);
        resolve(null);
      });
      const proposal: Proposal = {
        operation,
        by,
        settle: (applied, committed) => {
          cancel();
          const delayMs = by.seen.index >= committed.index ? 0 : this.#timing.applyMs;
          this.#clock.after(delayMs, () => resolve(applied));
        },
      };
      this.#proposals.push(proposal);
      this.#commitNext();
    });
  }

  voters(): readonly PeerId[] {
    return [...this.latest.members].filter(([, role]) => role === 'voter').map(([peer]) => peer);
  }

  #mayVote(peer: PeerId): boolean {
    return this.latest.members.get(peer) === 'voter' && this.reachable(peer);
  }

  #hasQuorum(): boolean {
    const voters = this.voters();
    return voters.filter((peer) => this.reachable(peer)).length * 2 > voters.length;
  }

  #elect(): void {
    this.#electing = false;
    if (this.leader !== null) return;
    this.believedLeader = null;
    if (!this.#hasQuorum()) return;
    const able = this.voters().filter((peer) => this.#mayVote(peer));
    const newest = (peer: PeerId): number => this.#running.get(peer)?.seen.index ?? 0;
    const [winner] = able.toSorted((a, b) => newest(b) - newest(a) || a - b);
    if (winner === undefined) return;
    this.leader = winner;
    this.believedLeader = winner;
    this.#commit({ ...this.latest, term: this.latest.term + 1 });
    for (const member of this.#running.values()) member.wake();
    this.reconsider();
  }

  #commitNext(): void {
    if (this.#committing || this.leader === null) return;
    const next = this.#proposals.find(({ by }) => by.connected && this.latest.members.has(by.peer));
    if (next === undefined) return;
    this.#committing = true;
    this.#clock.after(this.#timing.commitMs, () => {
      this.#committing = false;
      if (this.leader !== null && this.#proposals.includes(next) && next.by.connected) {
        this.#proposals = this.#proposals.filter((other) => other !== next);
        next.settle(this.#agree(next.operation), this.latest);
        this.reconsider();
      }
      this.#commitNext();
    });
  }

  #agree(operation: MetadataOperation): Applied {
    const { state, applied } = apply(this.latest.metadata, operation, this.latest.index + 1);
    const members = new Map<PeerId, Role>();
    for (const peer of state.peers.keys()) members.set(peer, this.latest.members.get(peer) ?? 'learner');
    this.#commit({ ...this.latest, metadata: state, members });
    return applied;
  }

  #commit(changed: Committed): void {
    const before = this.latest;
    const index = before.index + 1;
    this.latest = { ...changed, index, metadata: { ...changed.metadata, appliedIndex: index } };
    this.#onCommit(before, this.latest);
    for (const member of this.#running.values()) this.#show(member);
  }

  /** The leader sees what is committed at once, others a moment later; whoever is cut off, not at all. */
  #show(member: Member): void {
    const { latest } = this;
    if (this.leader === null || !member.connected || member.seen.index >= latest.index) return;
    if (member.peer === this.leader) {
      member.see(latest);
      return;
    }
    this.#clock.after(this.#timing.applyMs, () => {
      const there = this.#running.get(member.peer) === member && member.connected;
      if (there && member.seen.index < latest.index) member.see(latest);
    });
  }

  /** One learner after the other becomes a voter, when it runs. */
  #promote(): void {
    for (const [peer, role] of this.latest.members) {
      if (role !== 'learner' || this.#promoting.has(peer) || !this.reachable(peer)) continue;
      this.#promoting.add(peer);
      this.#clock.after(this.#timing.promoteMs, () => {
        this.#promoting.delete(peer);
        if (this.leader === null || !this.reachable(peer) || this.latest.members.get(peer) !== 'learner') return;
        this.#commit({ ...this.latest, members: new Map(this.latest.members).set(peer, 'voter') });
        this.reconsider();
      });
    }
  }

  /** Lets in a peer that has no part in consensus yet; a member that leads speaks for it. */
  admit(peer: PeerId, uri: string): Applied | null {
    if (this.leader === null) return null;
    const answer = this.#agree({ kind: 'add-peer', peer, uri });
    this.reconsider();
    return answer;
  }
}
