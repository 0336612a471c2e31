/** What a pass decides, as a pure function of observation and assessment. */
import type { OperationRecord } from '../observe/observation.js';
import type { PeerId, ShardMove } from '../qdrant/qdrant-api.js';
import type { Step } from './step.js';

/** Names of the procedures, as `status.operation.type` and events show them. */
export type Procedure =
  | 'Bootstrap'
  | 'Adopt'
  | 'Join'
  | 'ScaleUp'
  | 'ScaleDown'
  | 'DeadPeer'
  | 'Repair'
  | 'Rebalance'
  | 'Transfer'
  | 'TakeBack';

/**
 * What one procedure wants of this pass. `operation` is what `status.operation` shall say from now on: with a step it is
 * written before the step is sent, so that a lost one is noticed. Left out: the procedure counts nothing.
 */
export type Proposal =
  /** It has nothing to do. */
  | { readonly kind: 'done' }
  | {
      readonly kind: 'step';
      readonly procedure: Procedure;
      readonly step: Step;
      readonly message: string;
      readonly operation?: OperationRecord;
    }
  /** Something goes on that ends by itself; lower procedures may not disturb it. */
  | {
      readonly kind: 'wait';
      readonly procedure: Procedure;
      readonly message: string;
      readonly afterMs: number;
      readonly operation?: OperationRecord;
    }
  /** Nothing can be done until somebody changes something. Lower procedures that do no harm go on. */
  | {
      readonly kind: 'blocked';
      readonly procedure: Procedure;
      readonly reason: BlockReason;
      readonly message: string;
      readonly operation?: OperationRecord;
    };

/** Reasons in conditions: closed, since people alert on them. */
export type BlockReason =
  | 'Paused'
  | 'AllVolumesLost'
  | 'VolumesMissing'
  | 'TwoClusters'
  | 'QuorumLost'
  | 'ReplicaLossForbidden'
  | 'NoActiveReplica'
  | 'ShardMovesForbidden'
  | 'ViewIncomplete'
  | 'DetachedVolume'
  | 'ManualRecovery'
  | 'PodNotStarting'
  | 'TransferFailing'
  | 'InvalidSpec';

export interface LostPeerReport {
  readonly peer: PeerId;
  readonly pod: string;
  readonly evidence: string;
  /** Lines such as "docs/0: also on 123 (qdrant-a-1)" or "docs/1: on no other peer". */
  readonly shards: readonly string[];
}

export interface Plan {
  /** How many pods the set shall have now. Base objects are written with this. */
  readonly replicas: number;
  /** Without any risk, in this order, before the step: labels, witnesses, serving. */
  readonly quietSteps: readonly Step[];
  /** At most one that disturbs anything. */
  readonly step: { readonly procedure: Procedure; readonly step: Step; readonly message: string } | null;
  readonly waiting: { readonly procedure: Procedure | null; readonly message: string } | null;
  /** Without a procedure: of the cluster as a whole. */
  readonly blocks: readonly {
    readonly procedure: Procedure | null;
    readonly reason: BlockReason;
    readonly message: string;
  }[];
  readonly lostPeers: readonly LostPeerReport[];
  /** What `status.operation` shall say; of the step, else of the first procedure that waits or is blocked with one. */
  readonly operation: OperationRecord | null;
  /** Of shards, in the order in which they will be made, the first of them maybe running. */
  readonly plannedMoves: readonly (ShardMove & { readonly why: string })[];
  /** Pods may be evicted: all replicas are Active and nothing moves, joins or goes. */
  readonly disruptionAllowed: boolean;
  /** When to look again, should no event come first. */
  readonly lookAgainMs: number;
}
