import { decodeConfChange } from '../../../src/raft/conf-change.js';
import type { ConfState } from '../../../src/raft/conf-change.js';
import type { Entry, LogIndex, PeerId, Term } from '../../../src/raft/entry.js';
import type { Message } from '../../../src/raft/message.js';
import type { RaftStatus } from '../../../src/raft/raft.js';

/** The log of one peer as its driver has seen it. */
export interface LogView {
  readonly base: { readonly index: LogIndex; readonly term: Term };
  readonly entries: readonly Entry[];
}

export interface LastSeen {
  term: Term;
  commit: LogIndex;
  ledTerm: Term;
}

export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}

function violated(what: string): never {
  throw new InvariantViolation(what);
}

const termsPerIndex = 2 ** 20;

export function dataId(data: Uint8Array): number {
  return data.length < 4 ? 0 : new DataView(data.buffer, data.byteOffset).getUint32(0, true);
}

/** What the state machine of the simulator keeps: a digest of every entry that it applied. */
export function digestAfter(digest: number, entry: Entry): number {
  const mixed = Math.imul(digest ^ (entry.index * 0x9e3779b1), 0x85ebca6b) ^ (entry.term * 0xc2b2ae35);
  return (Math.imul(mixed, 0x27d4eb2f) ^ dataId(entry.data)) >>> 0;
}

interface Committed {
  readonly entry: Entry;
  /** Of the state machine after it. */
  readonly digest: number;
  readonly confState: ConfState;
}

/** Knows everything that any peer has ever done, and so whether Raft's promises hold (Raft, figure 3). */
export class Invariants {
  readonly #leaders = new Map<Term, PeerId>();
  readonly #entries = new Map<number, { readonly entry: Entry; readonly previousTerm: Term }>();
  readonly #votes = new Map<string, PeerId>();
  readonly #base: LogIndex;
  readonly #baseConfState: ConfState;
  readonly #committed: Committed[] = [];
  /** The highest index that some peer applied. */
  #applied: LogIndex;

  constructor(base: LogIndex, confState: ConfState) {
    this.#base = base;
    this.#baseConfState = confState;
    this.#applied = base;
  }

  get maxCommit(): LogIndex {
    return this.#base + this.#committed.length;
  }

  get termsWithLeader(): number {
    return this.#leaders.size;
  }

  committedAt(index: LogIndex): Committed | undefined {
    return this.#committed[index - this.#base - 1];
  }

  digestAt(index: LogIndex): number {
    return this.committedAt(index)?.digest ?? 0;
  }

  /** Log matching: an index and a term name one entry and, by induction over the one before, one log. */
  appended(entry: Entry, previousTerm: Term): void {
    const key = entry.index * termsPerIndex + entry.term;
    const known = this.#entries.get(key);
    if (known === undefined) {
      this.#entries.set(key, { entry, previousTerm });
      return;
    }
    const same = known.entry.kind === entry.kind && dataId(known.entry.data) === dataId(entry.data);
    if (!same || known.previousTerm !== previousTerm) {
      violated(`log matching: two entries ${entry.index}/${entry.term}`);
    }
  }

  /** Between what has been applied somewhere and the end of any log there is one change of members. */
  onePendingConfChange(log: LogView): void {
    const pending = log.entries.filter(
      (entry) => entry.index > this.#applied && entry.kind === 'conf-change' && decodeConfChange(entry.data) !== null,
    );
    if (pending.length > 1) violated(`${pending.length} changes of members are pending`);
  }

  sent(message: Message): void {
    if (message.type !== 'vote-response' || !message.granted) return;
    const key = `${message.from} ${message.term}`;
    const given = this.#votes.get(key) ?? message.to;
    if (given !== message.to) {
      violated(`peer ${message.from} votes for ${given} and ${message.to} in term ${message.term}`);
    }
    this.#votes.set(key, given);
  }

  /** To be called after every step of a peer. */
  observe(status: RaftStatus, log: LogView, last: LastSeen): void {
    if (status.term < last.term) violated(`peer ${status.id} goes back from term ${last.term} to ${status.term}`);
    if (status.commit < last.commit) violated(`peer ${status.id} takes back commit ${last.commit}`);
    last.term = status.term;
    for (let index = last.commit + 1; index <= status.commit; index += 1) this.#commit(status.id, log, index);
    last.commit = status.commit;
    if (status.role !== 'leader' || last.ledTerm === status.term) return;
    last.ledTerm = status.term;
    const leader = this.#leaders.get(status.term) ?? status.id;
    if (leader !== status.id) violated(`election safety: ${leader} and ${status.id} lead term ${status.term}`);
    this.#leaders.set(status.term, leader);
    this.#leaderIsComplete(status.id, log);
  }

  #leaderIsComplete(leader: PeerId, log: LogView): void {
    if (log.base.index + log.entries.length < this.maxCommit) {
      violated(`leader completeness: peer ${leader} ends before the committed entry ${this.maxCommit}`);
    }
    for (let index = log.base.index + 1; index <= this.maxCommit; index += 1) {
      const entry = log.entries[index - log.base.index - 1]!;
      if (entry.term !== this.committedAt(index)!.entry.term) {
        violated(`leader completeness: peer ${leader} has another entry at ${index}, which is committed`);
      }
    }
  }

  #commit(peer: PeerId, log: LogView, index: LogIndex): void {
    if (index <= log.base.index) {
      if (index > this.maxCommit) violated(`peer ${peer} has a snapshot of ${index}, which is not committed`);
      return;
    }
    const entry = log.entries[index - log.base.index - 1];
    if (entry === undefined) violated(`peer ${peer} commits ${index}, which it does not have`);
    const known = this.committedAt(index);
    if (known !== undefined) {
      if (known.entry.term !== entry.term) {
        violated(
          `state machine safety: ${index} is committed as of term ${known.entry.term}, and by ${peer} ${entry.term}`,
        );
      }
      return;
    }
    if (index !== this.maxCommit + 1) violated(`peer ${peer} commits ${index} before ${this.maxCommit + 1}`);
    const before = this.committedAt(index - 1);
    this.#committed.push({
      entry,
      digest: digestAfter(before?.digest ?? 0, entry),
      confState: confStateAfter(before?.confState ?? this.#baseConfState, entry),
    });
  }

  applied(peer: PeerId, index: LogIndex, digest: number): void {
    if (index > this.maxCommit) violated(`peer ${peer} applies ${index}, which is not committed`);
    if (digest !== this.digestAt(index)) violated(`state machine safety: peer ${peer} has another state at ${index}`);
    this.#applied = Math.max(this.#applied, index);
  }

  /** Linearizability: an answer shows at least what was committed when the question was asked. */
  readAnswered(peer: PeerId, committedWhenAsked: LogIndex, applied: LogIndex): void {
    if (applied < committedWhenAsked) {
      violated(`a read of peer ${peer} sees ${applied}, and ${committedWhenAsked} was committed before it`);
    }
  }

  regressed(peer: PeerId, applied: LogIndex, snapshot: LogIndex): never {
    violated(`peer ${peer} goes back from ${applied} to a snapshot of ${snapshot}`);
  }

  skipped(peer: PeerId, applied: LogIndex, index: LogIndex): never {
    violated(`peer ${peer} applies ${index} after ${applied}`);
  }

  membersAt(peer: PeerId, index: LogIndex, confState: ConfState): void {
    const expected = JSON.stringify(this.committedAt(index)?.confState ?? this.#baseConfState);
    if (JSON.stringify(confState) !== expected) {
      violated(`peer ${peer} has the members ${JSON.stringify(confState)} at ${index} instead of ${expected}`);
    }
  }
}

/** Written apart from the code under test, so that the two check each other. */
function confStateAfter(before: ConfState, entry: Entry): ConfState {
  const change = entry.kind === 'conf-change' ? decodeConfChange(entry.data) : null;
  if (change === null) return before;
  const { kind, peer } = change;
  const voters = before.voters.filter((voter) => voter !== peer);
  const learners = before.learners.filter((learner) => learner !== peer);
  const isVoter = voters.length < before.voters.length;
  const isLearner = learners.length < before.learners.length;
  const sorted = (peers: number[]): number[] => peers.sort((a, b) => a - b);
  if (kind === 'remove') return voters.length === 0 ? before : { voters, learners };
  if (kind === 'add-learner')
    return isVoter ? before : { voters: before.voters, learners: sorted([...learners, peer]) };
  if (kind === 'promote' && !isLearner) return before;
  return { voters: sorted([...voters, peer]), learners };
}
