/** The one way in which metadata changes, whoever drives it. */
import type { Applied, MetadataOperation } from '../metadata/metadata-operation.js';
import type { MetadataState } from '../metadata/metadata-state.js';

export interface Consensus {
  /** The newest state that this node has applied. */
  readonly state: MetadataState;
  /** Resolves when the operation is durable and applied here. */
  propose(operation: MetadataOperation): Promise<Applied>;
}
