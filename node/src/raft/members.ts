import type { ConfChange, ConfState } from './conf-change.js';
import type { LogIndex, PeerId } from './entry.js';

const ascending = (a: number, b: number): number => a - b;

/** Who has a vote, who only gets the log, and what makes a majority. Immutable: a change makes another. */
export class Members {
  readonly voters: ReadonlySet<PeerId>;
  readonly learners: ReadonlySet<PeerId>;
  readonly confState: ConfState;

  constructor(voters: Iterable<PeerId>, learners: Iterable<PeerId>) {
    this.voters = new Set(voters);
    this.learners = new Set(learners);
    this.confState = { voters: [...this.voters].sort(ascending), learners: [...this.learners].sort(ascending) };
  }

  static of(confState: ConfState): Members {
    return new Members(confState.voters, confState.learners);
  }

  has(peer: PeerId): boolean {
    return this.voters.has(peer) || this.learners.has(peer);
  }

  all(): PeerId[] {
    return [...this.voters, ...this.learners];
  }

  get quorum(): number {
    return Math.floor(this.voters.size / 2) + 1;
  }

  /** Itself when the change has no effect. Depends on nothing but the members, so that all peers agree. */
  after(change: ConfChange): Members {
    const { kind, peer } = change;
    switch (kind) {
      case 'add-learner':
        return this.has(peer) ? this : new Members(this.voters, [...this.learners, peer]);
      case 'promote':
        return this.learners.has(peer) ? this.#withVoter(peer) : this;
      case 'add-voter':
        return this.voters.has(peer) ? this : this.#withVoter(peer);
      case 'remove':
        return this.#without(peer);
    }
  }

  #withVoter(peer: PeerId): Members {
    return new Members([...this.voters, peer], without(this.learners, peer));
  }

  #without(peer: PeerId): Members {
    const last = this.voters.size === 1 && this.voters.has(peer);
    if (last || !this.has(peer)) return this;
    return new Members(without(this.voters, peer), without(this.learners, peer));
  }

  /** The highest value that a majority of the voters has reached. */
  reachedByQuorum(valueOf: (voter: PeerId) => LogIndex): LogIndex {
    const values = [...this.voters].map(valueOf).sort(ascending);
    return values[values.length - this.quorum] ?? 0;
  }
}

function without(peers: ReadonlySet<PeerId>, gone: PeerId): PeerId[] {
  return [...peers].filter((peer) => peer !== gone);
}
