/** Proposes replicas that missed writes as Dead, again and again until the metadata says so. */
import type { Consensus } from '../consensus/consensus.js';
import type { PeerId } from '../metadata/peer-id.js';
import type { ReplicaState } from '../metadata/replica-state.js';
import type { ReplicaClock } from './replica-clock.js';

export interface FailedReplica {
  readonly peer: PeerId;
  /** The state that the metadata names now. */
  readonly state: ReplicaState;
}

export interface FailureReporterOptions {
  readonly consensus: Pick<Consensus, 'propose' | 'state'>;
  readonly clock: ReplicaClock;
  /** From 0 up to, not with, 1. */
  readonly random: () => number;
  readonly collection: number;
  readonly shard: number;
  readonly proposeTimeoutMs: number;
  /** What is to be reported now. */
  readonly failed: () => readonly FailedReplica[];
}

const firstPauseMs = 100;
const longestPauseMs = 10_000;

export class FailureReporter {
  readonly #options: FailureReporterOptions;
  #pauseMs = firstPauseMs;
  #takeBack: (() => void) | null = null;
  #running = false;
  #stopped = false;

  constructor(options: FailureReporterOptions) {
    this.#options = options;
  }

  /** Reports soon: at once when this node is the one to do it, else when others had time for it. */
  wake(delayMs: number): void {
    if (this.#stopped || this.#running || this.#options.failed().length === 0) return;
    if (this.#takeBack !== null) {
      if (delayMs > 0) return;
      this.#takeBack();
    }
    this.#takeBack = this.#options.clock.after(delayMs, () => {
      this.#takeBack = null;
      void this.#report();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#takeBack?.();
    this.#takeBack = null;
  }

  async #report(): Promise<void> {
    const { consensus, collection, shard, proposeTimeoutMs, failed, random } = this.#options;
    this.#running = true;
    for (const { peer } of failed()) {
      // Looked at anew for each: the proposal before it has changed what is known.
      const state = failed().find((other) => other.peer === peer)?.state;
      if (state === undefined) continue;
      try {
        const what = { kind: 'set-replica-state', collection, shard, peer, state: 'Dead' } as const;
        // A late proposal does not hit replicas that went on to something else.
        const operation = { ...what, from: state, seen: consensus.state.appliedIndex };
        await consensus.propose(operation, { timeoutMs: proposeTimeoutMs });
      } catch {
        // Nobody leads the cluster: what is noted stays noted, and is proposed again.
        break;
      }
    }
    this.#running = false;
    if (this.#stopped || failed().length === 0) {
      this.#pauseMs = firstPauseMs;
      return;
    }
    const pauseMs = this.#pauseMs * (0.5 + random());
    this.#pauseMs = Math.min(longestPauseMs, this.#pauseMs * 2);
    this.wake(pauseMs);
  }
}
