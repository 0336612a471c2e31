/** Looks at each call to the API server before it is sent: to count it, or to refuse it by throwing. */
import type {
  Kind,
  KubernetesApi,
  ListOptions,
  Manifest,
  MetadataChange,
  ObjectName,
  Precondition,
  ResourceList,
  ResourceTypes,
  WatchEvent,
  WatchOptions,
} from '../k8s/kubernetes-api.js';
import type { QdrantClusterResource } from '../api/qdrant-cluster.js';
import type { KubernetesVerb } from './metrics.js';

export class GuardedKubernetes implements KubernetesApi {
  readonly #api: KubernetesApi;
  readonly #before: (verb: KubernetesVerb, kind: Kind) => void;

  constructor(api: KubernetesApi, before: (verb: KubernetesVerb, kind: Kind) => void) {
    this.#api = api;
    this.#before = before;
  }

  async get<K extends Kind>(kind: K, name: ObjectName, signal?: AbortSignal): Promise<ResourceTypes[K] | null> {
    this.#before('get', kind);
    return this.#api.get(kind, name, signal);
  }

  async list<K extends Kind>(
    kind: K,
    options: ListOptions,
    signal?: AbortSignal,
  ): Promise<ResourceList<ResourceTypes[K]>> {
    this.#before('list', kind);
    return this.#api.list(kind, options, signal);
  }

  watch<K extends Kind>(
    kind: K,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent<ResourceTypes[K]>> {
    this.#before('watch', kind);
    return this.#api.watch(kind, options, signal);
  }

  async create<K extends Kind>(
    kind: K,
    namespace: string,
    object: ResourceTypes[K],
    signal?: AbortSignal,
  ): Promise<ResourceTypes[K]> {
    this.#before('create', kind);
    return this.#api.create(kind, namespace, object, signal);
  }

  async replace<K extends Kind>(
    kind: K,
    name: ObjectName,
    object: ResourceTypes[K],
    signal?: AbortSignal,
  ): Promise<ResourceTypes[K]> {
    this.#before('update', kind);
    return this.#api.replace(kind, name, object, signal);
  }

  async apply(manifest: Manifest, namespace: string): Promise<ResourceTypes[Kind]> {
    this.#before('patch', manifest.kind);
    return this.#api.apply(manifest, namespace);
  }

  async applyStatus(
    name: ObjectName,
    status: QdrantClusterResource['status'],
    precondition: Precondition,
  ): Promise<QdrantClusterResource> {
    this.#before('patch', 'QdrantCluster');
    return this.#api.applyStatus(name, status, precondition);
  }

  async patchMetadata<K extends Kind>(
    kind: K,
    name: ObjectName,
    change: MetadataChange,
    precondition: Precondition,
  ): Promise<ResourceTypes[K]> {
    this.#before('patch', kind);
    return this.#api.patchMetadata(kind, name, change, precondition);
  }

  async delete(kind: Kind, name: ObjectName, precondition: Precondition): Promise<void> {
    this.#before('delete', kind);
    return this.#api.delete(kind, name, precondition);
  }
}
