import type { LogIndex, PeerId } from './entry.js';

export type ProgressState =
  /** Where the logs part is not known: one append at a time. */
  | { readonly kind: 'probe' }
  /** The logs are equal up to `match`: appends are sent ahead of their answers. `inflight` holds their last indexes. */
  | { readonly kind: 'replicate'; readonly inflight: LogIndex[] }
  /** A snapshot is on its way; nothing else is sent. */
  | { readonly kind: 'snapshot'; readonly index: LogIndex };

/** What a leader knows of one follower or learner. */
export class Progress {
  readonly peer: PeerId;
  match: LogIndex = 0;
  next: LogIndex;
  state: ProgressState = { kind: 'probe' };
  recentlyActive = false;
  /** The latest round of heartbeats that was answered. */
  answeredRound = 0;
  /** What it said that it knows as committed. */
  commit: LogIndex = 0;
  /** The commit index that was last told to it in an append. */
  toldCommit: LogIndex = 0;
  /** An append is to be sent although there is nothing new: its answer shows whether one before it was lost. */
  probeDue = false;
  /** The one append of a probe is under way, or a snapshot could not be had: wait for a sign of life. */
  waiting = false;
  readonly #maxInflight: number;

  constructor(peer: PeerId, next: LogIndex, maxInflight: number) {
    this.peer = peer;
    this.next = next;
    this.#maxInflight = maxInflight;
  }

  get paused(): boolean {
    switch (this.state.kind) {
      case 'probe':
        return this.waiting;
      case 'replicate':
        return this.waiting || this.state.inflight.length >= this.#maxInflight;
      case 'snapshot':
        return true;
    }
  }

  becomeProbe(next = this.match + 1): void {
    this.state = { kind: 'probe' };
    this.next = next;
    this.waiting = false;
    this.probeDue = true;
  }

  becomeSnapshot(index: LogIndex): void {
    this.state = { kind: 'snapshot', index };
    this.waiting = false;
    this.probeDue = false;
  }

  /** Entries up to `last` are on their way; an append without entries has the index before `next`. */
  sent(last: LogIndex): void {
    this.probeDue = false;
    switch (this.state.kind) {
      case 'probe':
        this.waiting = true;
        break;
      case 'replicate':
        if (last >= this.next) this.state.inflight.push(last);
        this.next = last + 1;
        break;
      case 'snapshot':
        break;
    }
  }

  /** The follower has the log up to there. True when that is news. Old answers never move anything back. */
  acknowledged(index: LogIndex): boolean {
    const news = index > this.match;
    if (news) {
      this.match = index;
      this.waiting = false;
    }
    this.next = Math.max(this.next, this.match + 1);
    switch (this.state.kind) {
      case 'probe':
        // An answer without news still shows that the logs are equal up to there.
        if (index === this.match) this.#becomeReplicate();
        break;
      case 'replicate':
        while (this.state.inflight.length > 0 && this.state.inflight[0]! <= index) this.state.inflight.shift();
        break;
      case 'snapshot':
        if (this.match >= this.state.index) this.#becomeReplicate();
        break;
    }
    return news;
  }

  #becomeReplicate(): void {
    this.state = { kind: 'replicate', inflight: [] };
    this.next = this.match + 1;
    this.waiting = false;
  }

  /** The follower did not have `index`; the logs may be equal up to `hint`. False for an answer that is out of date. */
  rejected(index: LogIndex, hint: LogIndex): boolean {
    switch (this.state.kind) {
      case 'snapshot':
        return false;
      case 'replicate':
        if (index <= this.match) return false;
        this.becomeProbe();
        return true;
      case 'probe':
        if (this.next - 1 !== index) return false;
        this.becomeProbe(Math.max(Math.min(index, hint + 1), this.match + 1));
        return true;
    }
  }

  /** A heartbeat was answered: the peer can be reached, so what is missing may have been lost. */
  aliveAndBehind(): void {
    this.waiting = false;
    this.probeDue = true;
    // A full window may consist of lost appends only; room for one probe finds out.
    if (this.state.kind === 'replicate' && this.state.inflight.length >= this.#maxInflight) this.state.inflight.shift();
  }
}
