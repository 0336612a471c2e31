/** Proposals of this process, from the call until they are applied here, sent to one leader after the other. */
import type { ServiceError } from '../errors.js';
import type { Applied, MetadataOperation } from '../metadata/metadata-operation.js';
import type { PeerId } from '../metadata/peer-id.js';
import { encodeProposal } from './proposal-entry.js';
import { outcomeOf, outcomesMax, type ReplicatedState } from './replicated-state.js';

/** Proposals under way. What comes beyond waits here, so that its outcome is never dropped from the state. */
const underWayMax = outcomesMax / 4;

/** Entries that are handed to a leader at once. */
const batchMax = 256;
const batchBytes = 1024 * 1024;

interface Waiting {
  readonly operation: MetadataOperation;
  readonly resolve: (applied: Applied) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
  number: number | null;
}

interface UnderWay {
  readonly waiting: Waiting;
  readonly entry: Uint8Array;
  /** With the present leader, as far as is known. */
  sent: boolean;
}

export interface Batch {
  readonly numbers: readonly number[];
  readonly entries: readonly Uint8Array[];
}

export class Proposals {
  readonly #peer: PeerId;
  readonly #incarnation: number;
  readonly #whyLate: () => ServiceError;
  readonly #queue = new Set<Waiting>();
  /** By number, ascending. */
  readonly #underWay = new Map<number, UnderWay>();
  #lastNumber = 0;

  /** `whyLate` says what was missing when the time of a proposal is over. */
  constructor(peer: PeerId, incarnation: number, whyLate: () => ServiceError) {
    this.#peer = peer;
    this.#incarnation = incarnation;
    this.#whyLate = whyLate;
  }

  add(operation: MetadataOperation, timeoutMs: number): Promise<Applied> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#forget(waiting);
        reject(this.#whyLate());
      }, timeoutMs);
      const waiting: Waiting = { operation, resolve, reject, timer, number: null };
      this.#queue.add(waiting);
    });
  }

  /** Those that no leader has, oldest first, as many as should be sent at once. They count as sent. */
  take(): Batch {
    this.#fill();
    const numbers: number[] = [];
    const entries: Uint8Array[] = [];
    let bytes = 0;
    for (const [number, proposal] of this.#underWay) {
      if (proposal.sent) continue;
      bytes += proposal.entry.length;
      if (entries.length === batchMax || (entries.length > 0 && bytes > batchBytes)) break;
      proposal.sent = true;
      numbers.push(number);
      entries.push(proposal.entry);
    }
    return { numbers, entries };
  }

  /** The leader did not take them. */
  giveBack(numbers: readonly number[]): void {
    for (const number of numbers) {
      const proposal = this.#underWay.get(number);
      if (proposal !== undefined) proposal.sent = false;
    }
  }

  /** Another leader, or another term: what the one before had may be lost. */
  sendAgain(): void {
    for (const proposal of this.#underWay.values()) proposal.sent = false;
  }

  settle(number: number, applied: Applied): void {
    const proposal = this.#underWay.get(number);
    if (proposal === undefined) return;
    this.#underWay.delete(number);
    clearTimeout(proposal.waiting.timer);
    proposal.waiting.resolve(applied);
  }

  /** After a snapshot, whose entries were never seen here. */
  settleFrom(state: ReplicatedState): void {
    for (const number of [...this.#underWay.keys()]) {
      const applied = outcomeOf(state, this.#peer, this.#incarnation, number);
      if (applied !== null) this.settle(number, applied);
    }
  }

  close(error: ServiceError): void {
    const all = [...this.#queue, ...[...this.#underWay.values()].map(({ waiting }) => waiting)];
    this.#queue.clear();
    this.#underWay.clear();
    for (const { timer, reject } of all) {
      clearTimeout(timer);
      reject(error);
    }
  }

  #forget(waiting: Waiting): void {
    this.#queue.delete(waiting);
    if (waiting.number !== null) this.#underWay.delete(waiting.number);
  }

  #fill(): void {
    for (const waiting of this.#queue) {
      const oldest = this.#underWay.keys().next().value ?? this.#lastNumber + 1;
      // The window is over numbers, not over what is left in it: outcomes from the oldest on are kept.
      if (this.#lastNumber + 1 - oldest >= underWayMax) return;
      this.#queue.delete(waiting);
      const number = (waiting.number = this.#lastNumber += 1);
      const id = { peer: this.#peer, incarnation: this.#incarnation, number };
      const entry = encodeProposal({ id, oldest, operation: waiting.operation });
      this.#underWay.set(number, { waiting, entry, sent: false });
    }
  }
}
