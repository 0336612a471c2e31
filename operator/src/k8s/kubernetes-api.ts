/**
 * What the operator asks of Kubernetes, and no more: the real client and the one of the simulated world are two
 * implementations of this, held together by one contract suite.
 */
import type {
  V1ConfigMap,
  V1Lease,
  V1Node,
  V1OwnerReference,
  V1PersistentVolumeClaim,
  V1Pod,
  V1PodDisruptionBudget,
  V1Secret,
  V1Service,
  V1StatefulSet,
  EventsV1Event,
} from '@kubernetes/client-node';
import type { QdrantClusterResource } from '../api/qdrant-cluster.js';

/** The types of all kinds that the operator reads or writes. */
export interface ResourceTypes {
  QdrantCluster: QdrantClusterResource;
  StatefulSet: V1StatefulSet;
  Service: V1Service;
  ConfigMap: V1ConfigMap;
  PodDisruptionBudget: V1PodDisruptionBudget;
  Pod: V1Pod;
  PersistentVolumeClaim: V1PersistentVolumeClaim;
  Node: V1Node;
  Secret: V1Secret;
  Lease: V1Lease;
  Event: EventsV1Event;
}
export type Kind = keyof ResourceTypes;

/** An object as the operator wants it. Its kind, name and namespace are in it, as in a manifest. */
export type Manifest = {
  [K in Kind]: ResourceTypes[K] & {
    readonly kind: K;
    readonly apiVersion: string;
    readonly metadata: { readonly name: string };
  };
}[Kind];

export interface ObjectName {
  readonly namespace: string;
  readonly name: string;
}

/** What an object has to be still for a call to have an effect; otherwise it fails with `conflict`. */
export interface Precondition {
  readonly uid?: string;
  readonly resourceVersion?: string;
}

export type VersionPrecondition = Pick<Precondition, 'resourceVersion'>;

export interface MetadataChange {
  readonly labels?: Readonly<Record<string, string | null>>;
  readonly annotations?: Readonly<Record<string, string | null>>;
  /** All owners that it shall have. */
  readonly ownerReferences?: readonly V1OwnerReference[];
}

export interface ListOptions {
  /** Undefined: all namespaces, or a kind that has none. */
  readonly namespace?: string;
  readonly labelSelector?: string;
}

export interface ResourceList<T> {
  readonly resourceVersion: string;
  readonly items: readonly T[];
}

export type WatchEvent<T> =
  | { readonly kind: 'added' | 'modified' | 'deleted'; readonly object: T }
  | { readonly kind: 'bookmark'; readonly resourceVersion: string };

export interface WatchOptions extends ListOptions {
  readonly resourceVersion: string;
  readonly timeoutSeconds: number;
}

/** The spec of a QdrantCluster comes as the server has it: whoever acts on it has to parse it. */
export interface KubernetesApi {
  get<K extends Kind>(kind: K, name: ObjectName, signal?: AbortSignal): Promise<ResourceTypes[K] | null>;
  /** All pages. */
  list<K extends Kind>(kind: K, options: ListOptions, signal?: AbortSignal): Promise<ResourceList<ResourceTypes[K]>>;
  /**
   * Ends when the server ends it or the signal is aborted; throws `gone` when the version is too old. The first event is
   * a bookmark of the version that was asked for: the server has answered. More of them may come, or none for a long
   * time: a server has nothing to mark where nothing happens.
   */
  watch<K extends Kind>(
    kind: K,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent<ResourceTypes[K]>>;
  create<K extends Kind>(
    kind: K,
    namespace: string,
    object: ResourceTypes[K],
    signal?: AbortSignal,
  ): Promise<ResourceTypes[K]>;
  /** Puts the whole object, which has its resourceVersion. */
  replace<K extends Kind>(
    kind: K,
    name: ObjectName,
    object: ResourceTypes[K],
    signal?: AbortSignal,
  ): Promise<ResourceTypes[K]>;
  /** Server-side apply by the operator's field manager, forced. A resourceVersion in the manifest is a precondition. */
  apply(manifest: Manifest, namespace: string): Promise<ResourceTypes[Kind]>;
  /** Server-side apply of the status alone. The API takes no notice of a uid here; a version belongs to one object. */
  applyStatus(
    name: ObjectName,
    status: QdrantClusterResource['status'],
    precondition: VersionPrecondition,
  ): Promise<QdrantClusterResource>;
  /** A merge patch of labels, annotations and owners; null takes a label or annotation away. */
  patchMetadata<K extends Kind>(
    kind: K,
    name: ObjectName,
    change: MetadataChange,
    precondition: Precondition,
  ): Promise<ResourceTypes[K]>;
  /** No error when it is gone already. */
  delete(kind: Kind, name: ObjectName, precondition: Precondition): Promise<void>;
}

export type KubernetesErrorKind =
  | 'conflict' // 409: changed by somebody else, or a precondition is not met
  | 'already-exists' // 409 on create
  | 'not-found' // 404
  | 'gone' // 410: this resource version is too old
  | 'invalid' // 400, 422: a wrong object
  | 'forbidden' // 401, 403
  | 'too-many-requests' // 429
  | 'unavailable'; // 5xx, no connection, no answer in time

export class KubernetesError extends Error {
  override readonly name = 'KubernetesError';
  readonly kind: KubernetesErrorKind;
  /** What the server asks to wait. */
  readonly retryAfterMs: number | null;

  constructor(kind: KubernetesErrorKind, message: string, retryAfterMs: number | null = null) {
    super(message);
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}
