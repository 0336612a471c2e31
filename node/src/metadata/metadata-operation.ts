/**
 * Operations on the metadata. Each is complete in itself: all choices were made before it was proposed.
 * `collection` is an identity, so that a late operation never reaches a collection that was created again.
 */
import type { CollectionChange } from './collection-change.js';
import type { CollectionConfig, FieldIndexSchema } from './collection-config.js';
import type { TransferMethod } from './metadata-state.js';
import type { PeerId } from './peer-id.js';
import type { Rejection } from './rejection.js';
import type { ReplicaState } from './replica-state.js';

export type MetadataOperation = CollectionOperation | PeerOperation | ReplicaOperation | TransferOperation;

export type CollectionOperation =
  | {
      readonly kind: 'create-collection';
      readonly name: string;
      readonly config: CollectionConfig;
      /** The peers of each shard's replicas. They begin as Initializing, on the only peer of a cluster as Active. */
      readonly placement: readonly (readonly PeerId[])[];
    }
  | { readonly kind: 'update-collection'; readonly collection: number; readonly change: CollectionChange }
  | { readonly kind: 'delete-collection'; readonly collection: number }
  | { readonly kind: 'create-field-index'; readonly collection: number; readonly index: FieldIndexSchema }
  | { readonly kind: 'delete-field-index'; readonly collection: number; readonly path: string };

/**
 * Who belongs to the cluster. The leader makes Raft's members follow these: a peer that was added is made
 * a learner and then a voter, one that was removed loses its membership.
 */
export type PeerOperation =
  /** A peer without replicas that has this address already is removed in the same step: it was replaced. */
  | { readonly kind: 'add-peer'; readonly peer: PeerId; readonly uri: string }
  /** Takes its vote away until it is added again: it comes back without its log, and would vote as if it had none. */
  | { readonly kind: 'suspend-peer'; readonly peer: PeerId }
  /** With `force` its replicas and transfers go too, the last source of truth of a shard among them. */
  | { readonly kind: 'remove-peer'; readonly peer: PeerId; readonly force: boolean }
  /** What a peer says of itself. Left out: as it was. */
  | { readonly kind: 'update-peer'; readonly peer: PeerId; readonly uri?: string; readonly version?: string };

export type ReplicaOperation =
  /** Those that are Initializing become Active; others are left as they are. */
  | {
      readonly kind: 'activate-replicas';
      readonly collection: number;
      readonly peer: PeerId;
      readonly shards: readonly number[];
    }
  /** Ends the transfers that the new state contradicts. */
  | {
      readonly kind: 'set-replica-state';
      readonly collection: number;
      readonly shard: number;
      readonly peer: PeerId;
      readonly state: ReplicaState;
      /** The state that the replica must be in; null: any. */
      readonly from: ReplicaState | null;
      /**
       * Index of the state from which it was concluded; null: whatever happened since. A leader that was cut off and
       * replaced would else, when it is heard again, speak against those who replaced it.
       */
      readonly seen: number | null;
    }
  /** Aborts the transfers that the peer takes part in. */
  | { readonly kind: 'drop-replica'; readonly collection: number; readonly shard: number; readonly peer: PeerId };

export type TransferOperation =
  /** The target becomes Partial, and is added when it had no replica. */
  | {
      readonly kind: 'start-transfer';
      readonly collection: number;
      readonly shard: number;
      readonly from: PeerId;
      readonly to: PeerId;
      readonly sync: boolean;
      readonly method: TransferMethod;
    }
  /** The target becomes Active; the source of a move is removed. */
  | { readonly kind: 'finish-transfer'; readonly collection: number; readonly transfer: number }
  | {
      readonly kind: 'abort-transfer';
      readonly collection: number;
      readonly transfer: number;
      /** For people who read logs. */
      readonly reason: string;
    };

export interface Applied {
  readonly index: number;
  /** null: the operation took effect. */
  readonly rejection: Rejection | null;
}
