import type { LogIndex, PeerId } from './entry.js';

/** A read that a leader was asked for, by itself or by a follower. */
interface RequestedRead {
  readonly from: PeerId;
  readonly context: number;
  /** What has to be applied before the read; known once the leader has committed an entry of its term. */
  index: LogIndex | null;
  /** The round of heartbeats that confirms it. */
  round: number;
}

export interface ConfirmedRead {
  readonly from: PeerId;
  readonly context: number;
  readonly index: LogIndex;
}

/** Reads on their way from a request to an answer, on a leader and on a follower. */
export class PendingReads {
  #requested: RequestedRead[] = [];
  /** Contexts that this follower asked its leader for, with the ticks that are left for the answer. */
  readonly #forwarded = new Map<number, number>();
  /** Confirmed reads of this peer that wait for the state machine. */
  #waiting: { readonly context: number; readonly index: LogIndex }[] = [];
  #aborted: number[] = [];

  get size(): number {
    return this.#requested.length + this.#forwarded.size + this.#waiting.length;
  }

  request(from: PeerId, context: number): void {
    this.#requested.push({ from, context, index: null, round: 0 });
  }

  /** Gives the reads that have none yet an index and a round. True when that round is to be begun. */
  begin(commit: LogIndex, round: number): boolean {
    let begun = false;
    for (let at = this.#requested.length - 1; at >= 0 && this.#requested[at]!.index === null; at -= 1) {
      this.#requested[at]!.index = commit;
      this.#requested[at]!.round = round;
      begun = true;
    }
    return begun;
  }

  /** Takes out the reads whose round a quorum has answered. */
  confirm(round: number): ConfirmedRead[] {
    const confirmed: ConfirmedRead[] = [];
    while (this.#requested.length > 0) {
      const { from, context, index, round: needed } = this.#requested[0]!;
      if (index === null || needed > round) break;
      confirmed.push({ from, context, index });
      this.#requested.shift();
    }
    return confirmed;
  }

  forwarded(context: number, ticks: number): void {
    this.#forwarded.set(context, ticks);
  }

  /** The leader's answer to a read that was forwarded; false when none was. */
  answered(context: number, index: LogIndex): boolean {
    if (!this.#forwarded.delete(context)) return false;
    this.awaitApply(context, index);
    return true;
  }

  awaitApply(context: number, index: LogIndex): void {
    this.#waiting.push({ context, index });
  }

  takeApplied(applied: LogIndex): number[] {
    if (this.#waiting.length === 0) return [];
    const ready = this.#waiting.filter(({ index }) => index <= applied);
    if (ready.length > 0) this.#waiting = this.#waiting.filter(({ index }) => index > applied);
    return ready.map(({ context }) => context);
  }

  takeAborted(): number[] {
    const aborted = this.#aborted;
    if (aborted.length > 0) this.#aborted = [];
    return aborted;
  }

  /** An answer that was lost must not keep its place for ever. */
  tick(): void {
    for (const [context, ticks] of this.#forwarded) {
      if (ticks > 1) this.#forwarded.set(context, ticks - 1);
      else this.#abortForwarded(context);
    }
  }

  /** The leader is another now, or none. Reads that are confirmed stay so. */
  abortUnconfirmed(self: PeerId): void {
    for (const { from, context } of this.#requested) if (from === self) this.#aborted.push(context);
    this.#requested = [];
    for (const context of this.#forwarded.keys()) this.#abortForwarded(context);
  }

  #abortForwarded(context: number): void {
    this.#forwarded.delete(context);
    this.#aborted.push(context);
  }
}
