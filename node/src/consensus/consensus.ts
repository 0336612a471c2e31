/** The one way in which metadata changes, whoever drives it. */
import type { Applied, MetadataOperation } from '../metadata/metadata-operation.js';
import type { MetadataState } from '../metadata/metadata-state.js';
import type { PeerId } from '../metadata/peer-id.js';

export interface Consensus {
  readonly self: PeerId;
  /** The newest state that this node has applied. */
  readonly state: MetadataState;
  /**
   * Resolves when the operation is agreed on, durable on a majority and applied here, rejected or not.
   * `ServiceError` when there is no leader in time: it may still be applied later.
   */
  propose(operation: MetadataOperation, options?: { readonly timeoutMs?: number }): Promise<Applied>;
  /** Told after each change of the state, synchronously and in order. Returns what ends it. */
  subscribe(listener: (state: MetadataState) => void): () => void;
  /** Resolves when `state.appliedIndex >= index`; rejects with `ServiceError('timeout')`. */
  reached(index: number, timeoutMs: number): Promise<void>;
}
