/**
 * What one pass saw of a cluster: Kubernetes' objects, and each node's own view. Plain data, made once, changed by
 * nobody. Everything after it in a pass is a function of it.
 */
import type { ClusterView, CollectionView, PeerId } from '../qdrant/qdrant-api.js';
import type { WantedCluster } from './wanted-cluster.js';

/** That the cluster was begun, by which peer and where. Written before its set has more than one pod, never taken back. */
export interface BootstrapClaim {
  readonly peer: PeerId;
  readonly ordinal: number;
  readonly at: string;
}

export interface ObservedSet {
  readonly uid: string;
  readonly replicas: number;
  readonly updateRevision: string | null;
}

/** What the pod's first container found on its volume; `unknown` until it has run. */
export type DiskWitness =
  { readonly kind: 'unknown' } | { readonly kind: 'empty' } | { readonly kind: 'peer'; readonly peer: PeerId };

export interface ObservedPod {
  readonly name: string;
  readonly ordinal: number;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly ip: string | null;
  readonly ready: boolean;
  readonly deleting: boolean;
  /** The node's process runs: it may be asked, or it waits for a grant. */
  readonly running: boolean;
  readonly disk: DiskWitness;
  /** The grant written on it: 'bootstrap' or 'join=<uris>'. */
  readonly grant: string | null;
  /** The client Service sends it requests once it is ready. */
  readonly serving: boolean;
  readonly revision: string | null;
  readonly kubernetesNode: string | null;
  readonly kubernetesNodeReady: boolean;
  readonly zone: string | null;
  readonly createdAtMs: number;
  readonly notReadySinceMs: number | null;
  readonly restarts: number;
  /** Why a container does not run, in Kubernetes' word, as 'ImagePullBackOff', and its message. */
  readonly waiting: { readonly reason: string; readonly message: string } | null;
}

export interface ObservedVolume {
  readonly name: string;
  readonly ordinal: number;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly bound: boolean;
  readonly lost: boolean;
  readonly deleting: boolean;
  readonly capacity: string | null;
  /** Witness of the claim: the first peer of the cluster whose data is on it. */
  readonly bootstrapPeer: PeerId | null;
  /** The peer whose data is on it, as it was last seen. */
  readonly peer: PeerId | null;
  /** Its peer left the cluster; what is on it can start no peer again. */
  readonly detached: boolean;
}

export type NodeView =
  | {
      readonly kind: 'unreachable';
      readonly pod: string;
      readonly podUid: string;
      readonly why: string;
      /** It is there, and takes another key or has another certificate than is known. */
      readonly accessRefused: boolean;
    }
  | {
      readonly kind: 'answered';
      readonly pod: string;
      readonly podUid: string;
      readonly ready: boolean;
      readonly version: string;
      readonly cluster: ClusterView;
      /** Null: not all could be read. An incomplete view never authorises a removal. */
      readonly collections: readonly CollectionView[] | null;
    };

/**
 * What goes on, as `status.operation` keeps it from pass to pass. Written before its step is sent. It is for people,
 * for the fence, and for noticing a transfer that was lost; without it a procedure begins again to count, no more.
 */
export interface OperationRecord {
  readonly type: string;
  /** Kind of the step, or what is waited for. */
  readonly step: string;
  /** When the step was last sent, or when the wait began. */
  readonly startedAtMs: number;
  /** Since when the procedure goes on; carried from step to step. */
  readonly procedureSinceMs: number;
  readonly target: string | null;
  /** How often this step was sent for this target, the last time included; 0 for a wait. */
  readonly attempts: number;
  /** What a node said of the transfer when it last said something new, and when that was; null: none was seen yet. */
  readonly progress: { readonly seen: string; readonly sinceMs: number } | null;
  /** How often the Lease had changed hands when the intent was written. */
  readonly leaseTransitions: number | null;
  readonly message: string;
}

export interface Observation {
  readonly atMs: number;
  readonly wanted: WantedCluster;
  /** The three witnesses of the claim; the third is on the volumes. */
  readonly claimInStatus: BootstrapClaim | null;
  readonly claimInRecord: BootstrapClaim | null;
  readonly set: ObservedSet | null;
  /** By ordinal. */
  readonly pods: readonly ObservedPod[];
  /** By ordinal. */
  readonly volumes: readonly ObservedVolume[];
  /** One for each pod that has an address, by ordinal. */
  readonly views: readonly NodeView[];
  readonly operation: OperationRecord | null;
}

/** An ordinal that is not known is that of no pod, and of no volume. */
export function podAt(observation: Observation, ordinal: number | null): ObservedPod | undefined {
  return observation.pods.find((pod) => pod.ordinal === ordinal);
}

export function volumeAt(observation: Observation, ordinal: number | null): ObservedVolume | undefined {
  return observation.volumes.find((volume) => volume.ordinal === ordinal);
}
