import type { MetadataState } from '../metadata/metadata-state.js';

/**
 * Whoever makes more of the metadata so than the reconciler itself: drives transfers, recovers dead
 * replicas. Told of each state after the collections that it changed are open and conform, and once at
 * the start; states that came meanwhile are left out.
 */
export interface MetadataFollower {
  conform(state: MetadataState): void;
  /** Begins nothing more; waits for what runs. */
  stop(): Promise<void>;
}
