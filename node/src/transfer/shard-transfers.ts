/** Everything of this folder that a node runs, in one piece. */
import type { MetadataFollower } from '../collection/metadata-follower.js';
import type { MetadataState } from '../metadata/metadata-state.js';
import { ReplicaRecovery, type ReplicaRecoveryOptions } from './replica-recovery.js';
import { ReplicaVerification } from './replica-verification.js';
import { TransferDriver, type TransferProgresses } from './transfer-driver.js';
import type { TransferContext } from './transfer-options.js';
import type { TransferProgress } from './transfer-task.js';

export class ShardTransfers implements MetadataFollower, TransferProgresses {
  readonly #followers: readonly MetadataFollower[];
  readonly #driver: TransferDriver;
  #repairedRanges = 0;

  constructor(given: TransferContext, recovery: ReplicaRecoveryOptions) {
    const context: TransferContext = {
      ...given,
      onEvent: (event) => {
        if (event.kind === 'repaired-range') this.#repairedRanges += 1;
        given.onEvent(event);
      },
    };
    const verification = new ReplicaVerification(context);
    this.#driver = new TransferDriver(context, (replica) => verification.suspect(replica));
    this.#followers = [this.#driver, new ReplicaRecovery(context, recovery), verification];
  }

  conform(state: MetadataState): void {
    for (const follower of this.#followers) follower.conform(state);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#followers.map((follower) => follower.stop()));
  }

  /** Ranges of Active replicas that differed and were replaced, since this node started. */
  get repairedRanges(): number {
    return this.#repairedRanges;
  }

  progress(collection: number, transfer: number): TransferProgress | null {
    return this.#driver.progress(collection, transfer);
  }
}
