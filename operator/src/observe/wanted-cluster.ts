/** What the spec and the annotations of a QdrantCluster ask of peers and shards, defaults filled in. */
import type { PeerId } from '../qdrant/qdrant-api.js';

export interface WantedCluster {
  readonly namespace: string;
  readonly name: string;
  readonly size: number;
  /** By whom and why; no step is taken while there is one. */
  readonly pause: string | null;
  /** False: shards stay where they are, unless their node goes. */
  readonly rebalance: boolean;
  /** False: no shard is ever moved by the operator; a scale-down of nodes with shards is blocked. */
  readonly movesShards: boolean;
  readonly drain: { readonly timeoutMs: number; readonly forbidReplicaLoss: boolean };
  readonly deadPeer: { readonly detectAfterMs: number; readonly recover: boolean };
  readonly volumesWhenScaled: 'Delete' | 'Retain';
  /** What a person agreed to, by annotation. */
  readonly consent: {
    /** The peer whose last replicas may be lost. */
    readonly dataLossOf: PeerId | null;
    /** The first peer of the cluster that is lost, when a new one may begin on new volumes. */
    readonly newClusterAfter: PeerId | null;
  };
  /** Addresses between peers: `<scheme>://<pod>.<headless>:6335`, for ever. */
  readonly peerScheme: 'http' | 'https';
  readonly headlessService: string;
  /** Name of the set; pods are `<set>-<ordinal>`. */
  readonly setName: string;
}

export function podName(wanted: WantedCluster, ordinal: number): string {
  return `${wanted.setName}-${ordinal}`;
}

export function peerUri(wanted: WantedCluster, ordinal: number): string {
  return `${wanted.peerScheme}://${podName(wanted, ordinal)}.${wanted.headlessService}:6335`;
}
