import type { Consensus } from '../consensus/consensus.js';
import type { ReplicaClock } from '../replica/replica-clock.js';
import type { RemoteReplicas } from '../replica/remote-replicas.js';
import type { LedShards } from './led-shards.js';
import { defaultRangeSizeLimits, type RangeSizeLimits } from './range-sizes.js';

export interface TransferLimits {
  readonly ranges: RangeSizeLimits;
  readonly rangesAtOnce: number;
  /** A target with this many points or fewer, and less than a tenth of what it shall have, gets them uncompared. */
  readonly fewPoints: number;
  /** Transfers that a node drives at a time; others wait for their turn. */
  readonly drivenAtOnce: number;
  /** A target that gives no answer for this long is given up. */
  readonly unreachableMs: number;
  /** A target that answers may need this long to open its shard. */
  readonly openingMs: number;
  readonly proposeTimeoutMs: number;
  /** How long a shard that this node should lead, and cannot yet, is left alone. */
  readonly retryMs: number;
  /** Failures of this node's own side until a transfer is given up. */
  readonly failuresMax: number;
}

export const defaultTransferLimits: TransferLimits = {
  ranges: defaultRangeSizeLimits,
  rangesAtOnce: 8,
  fewPoints: 1_000,
  drivenAtOnce: 8,
  unreachableMs: 5_000,
  openingMs: 300_000,
  proposeTimeoutMs: 5_000,
  retryMs: 250,
  failuresMax: 4,
};

/** What everything in this folder needs of the node. */
export interface TransferContext {
  readonly consensus: Consensus;
  readonly remote: RemoteReplicas;
  readonly shards: LedShards;
  readonly clock: ReplicaClock;
  /** From 0 up to, not with, 1. */
  readonly random: () => number;
  readonly limits: TransferLimits;
  /** Told what people may want to know: a transfer that was given up, a failure that is tried again. */
  readonly onEvent: (event: TransferEvent) => void;
}

export type TransferEvent =
  | {
      readonly kind: 'copied';
      readonly collection: string;
      readonly shard: number;
      readonly to: number;
      readonly points: number;
      readonly sentPoints: number;
      readonly equalRanges: number;
      readonly sentRanges: number;
      readonly tookMs: number;
    }
  | {
      readonly kind: 'given-up' | 'failed';
      readonly collection: string;
      readonly shard: number;
      readonly to: number;
      readonly reason: string;
    }
  /** A range of an Active replica differed, and was replaced. */
  | { readonly kind: 'repaired-range'; readonly collection: string; readonly shard: number; readonly to: number };
