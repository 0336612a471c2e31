/**
 * What the operator asks of one node, whether it is ours or the original. Ids of peers are strings from socket to
 * socket: older clusters have some beyond 2^53. The real client and the simulated cluster share a contract suite.
 */

/** Decimal digits. */
export type PeerId = string;
/** Ids are compared as they are written; what is no id must never be compared with one. */
export const peerIdPattern = /^[0-9]{1,20}$/;

export const replicaStates = [
  'Active',
  'Dead',
  'Partial',
  'Initializing',
  'Listener',
  'PartialSnapshot',
  'Recovery',
  'Resharding',
  'ReshardingScaleDown',
  'ActiveRead',
  'ManualRecovery',
] as const;
export type ReplicaState = (typeof replicaStates)[number];

export interface RaftView {
  readonly term: number;
  readonly commit: number;
  readonly pendingOperations: number;
  readonly leader: PeerId | null;
  readonly isVoter: boolean;
  /** False: stopped, or stopped with an error. A removed peer says this of itself, and believes to be alone. */
  readonly consensusWorks: boolean;
}

/** `GET /cluster`. */
export interface ClusterView {
  readonly peerId: PeerId;
  /** Address by peer, without a slash at the end. */
  readonly peers: ReadonlyMap<PeerId, string>;
  readonly raft: RaftView;
  /** Addresses that this node fails to reach. */
  readonly sendFailures: ReadonlySet<string>;
}

export interface ReplicaView {
  readonly shard: number;
  readonly shardKey: string | null;
  readonly peer: PeerId;
  readonly state: ReplicaState;
  /** Known of local replicas only. */
  readonly points: number | null;
}

export interface TransferView {
  readonly shard: number;
  readonly from: PeerId;
  readonly to: PeerId;
  /** True: the source stays (replicate); false: it goes (move). */
  readonly sync: boolean;
  readonly comment: string | null;
}

/** `GET /collections/{c}/cluster`, and the replication factor out of `GET /collections/{c}`. */
export interface CollectionView {
  readonly name: string;
  readonly replicationFactor: number;
  readonly replicas: readonly ReplicaView[];
  readonly transfers: readonly TransferView[];
  readonly resharding: boolean;
}

export interface ShardMove {
  readonly collection: string;
  readonly shard: number;
  readonly from: PeerId;
  readonly to: PeerId;
}

/** One node. Every call ends within its timeout, and fails with a QdrantError. */
export interface QdrantNode {
  /** Null: the node runs without a cluster. */
  cluster(): Promise<ClusterView | null>;
  ready(): Promise<boolean>;
  version(): Promise<string>;
  collections(): Promise<readonly string[]>;
  /** Null: no such collection any more. */
  collection(name: string): Promise<CollectionView | null>;
  moveShard(move: ShardMove): Promise<void>;
  replicateShard(copy: ShardMove): Promise<void>;
  abortTransfer(transfer: ShardMove): Promise<void>;
  dropReplica(replica: { readonly collection: string; readonly shard: number; readonly peer: PeerId }): Promise<void>;
  removePeer(peer: PeerId, options: { readonly force: boolean }): Promise<void>;
}

/** Where a pod's node is reached, and with what. */
export interface NodeEndpoint {
  readonly pod: string;
  readonly podUid: string;
  /** The address of the pod, so that no other pod can answer in its name. */
  readonly ip: string;
  /** The name that its certificate must have. */
  readonly serverName: string;
  readonly port: number;
  readonly tls: { readonly ca: string | null } | null;
  readonly apiKey: string | null;
}

/** The only way to nodes; simulated in the simulated world. */
export interface QdrantNodes {
  /** With a signal: calls that are under way when it is aborted fail with `timeout`. */
  at(endpoint: NodeEndpoint, signal?: AbortSignal): QdrantNode;
}

export type QdrantErrorKind =
  | 'unreachable' // no connection, or none that holds
  | 'untrusted' // no TLS connection: its certificate is not believed, or it has none
  | 'timeout' // nothing came in time: the call may have had its effect
  | 'unauthorized' // 401, 403
  | 'refused' // another 4xx: the node says why
  | 'failed' // 5xx
  | 'malformed'; // an answer that is not Qdrant's

export class QdrantError extends Error {
  override readonly name = 'QdrantError';
  readonly kind: QdrantErrorKind;

  constructor(kind: QdrantErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}
