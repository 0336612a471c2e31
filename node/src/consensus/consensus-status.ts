/** How consensus is, for people: `GET /cluster`, telemetry and metrics. */
import type { PeerId } from '../metadata/peer-id.js';
import type { SendFailures } from './raft-transport.js';

export type ConsensusThreadStatus =
  /** When entries were last applied, in ISO 8601. */
  | { readonly kind: 'working'; readonly lastUpdate: string }
  /** This peer was removed from the cluster, or is closing. */
  | { readonly kind: 'stopped' }
  /** It is built again from disk after a pause. */
  | { readonly kind: 'stopped-with-error'; readonly error: string };

export interface ConsensusStatus {
  readonly term: number;
  readonly commit: number;
  /** Committed entries that are not applied yet. */
  readonly pendingOperations: number;
  readonly leader: PeerId | null;
  readonly role: 'Follower' | 'Candidate' | 'Leader' | 'PreCandidate' | null;
  readonly isVoter: boolean;
  readonly thread: ConsensusThreadStatus;
  /** By URI. */
  readonly sendFailures: ReadonlyMap<string, SendFailures>;
}
