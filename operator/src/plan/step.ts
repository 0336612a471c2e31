/** One thing that the operator does, as small as one call or a few that may each be repeated without harm. */
import type { BootstrapClaim } from '../observe/observation.js';
import type { PeerId, ShardMove } from '../qdrant/qdrant-api.js';

export interface PodRef {
  readonly name: string;
  readonly uid: string;
}

export interface VolumeRef {
  readonly name: string;
  readonly uid: string;
}

export type Grant = { readonly kind: 'bootstrap' } | { readonly kind: 'join'; readonly uris: readonly string[] };

export type Step =
  /** Lets the process of a pod start: as the first of a cluster, not serving yet, or as a new peer. */
  | { readonly kind: 'grant-start'; readonly pod: PodRef; readonly grant: Grant }
  /** Writes the witnesses that are missing: record, volumes, status, in this order. */
  | { readonly kind: 'write-claim'; readonly claim: BootstrapClaim; readonly volumes: readonly VolumeRef[] }
  /** Which peer's data is on a volume. */
  | { readonly kind: 'label-volume'; readonly volume: VolumeRef; readonly peer: PeerId; readonly firstPeer: PeerId }
  | { readonly kind: 'set-serving'; readonly pod: PodRef; readonly serving: boolean }
  | { readonly kind: 'move-shard'; readonly move: ShardMove; readonly why: string }
  | { readonly kind: 'replicate-shard'; readonly copy: ShardMove; readonly why: string }
  | { readonly kind: 'abort-transfer'; readonly transfer: ShardMove; readonly why: string }
  | {
      readonly kind: 'drop-replica';
      readonly collection: string;
      readonly shard: number;
      readonly peer: PeerId;
      readonly why: string;
    }
  /** Fenced. With force only for a peer whose loss a person has agreed to. */
  | { readonly kind: 'remove-peer'; readonly peer: PeerId; readonly force: boolean; readonly why: string }
  /** The peer of this volume has left the cluster. */
  | { readonly kind: 'detach-volume'; readonly volume: VolumeRef }
  /** Fenced. */
  | { readonly kind: 'delete-volume'; readonly volume: VolumeRef; readonly why: string }
  /** Fenced. */
  | { readonly kind: 'delete-pod'; readonly pod: PodRef; readonly why: string }
  /** Fenced. To one pod less; the peer of the last one has left. */
  | { readonly kind: 'shrink'; readonly to: number; readonly why: string }
  /** More pods; each waits for its grant. */
  | { readonly kind: 'grow'; readonly to: number; readonly why: string };

export type StepKind = Step['kind'];

/** Steps that are sent only under a Lease that lasts, after their intent is in the status. */
export const fencedSteps: ReadonlySet<StepKind> = new Set([
  'drop-replica',
  'remove-peer',
  'delete-volume',
  'delete-pod',
  'shrink',
]);
