/**
 * One client's way to the fake API server: every call is numbered, noted, and can be made to fail before or after its
 * effect. A new one stands for a new process.
 */
import type { V1ObjectMeta } from '@kubernetes/client-node';
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
  VersionPrecondition,
  WatchEvent,
  WatchOptions,
} from '../../../src/k8s/kubernetes-api.js';
import type { FakeApiServer } from './fake-api-server.js';
import { jsonOf } from './stored-object.js';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

export interface FakeCall {
  /** From 1. */
  readonly number: number;
  /** As RBAC knows it. */
  readonly verb: Verb;
  readonly kind: Kind;
  readonly subresource: 'status' | null;
  readonly namespace: string | null;
  readonly name: string | null;
}

/** What throws fails the call; what never resolves is a process that is dead, or a network that swallows. */
export interface Interceptor {
  before?(call: FakeCall): void | Promise<void>;
  /** The effect is there, the answer is lost. */
  after?(call: FakeCall): void | Promise<void>;
}

export class FakeKubernetes implements KubernetesApi {
  readonly calls: FakeCall[] = [];
  readonly #server: FakeApiServer;
  readonly #interceptor: Interceptor;

  constructor(server: FakeApiServer, interceptor: Interceptor = {}) {
    this.#server = server;
    this.#interceptor = interceptor;
  }

  get<K extends Kind>(kind: K, name: ObjectName): Promise<ResourceTypes[K] | null> {
    return this.#call('get', kind, name, () => this.#server.get(kind, name));
  }

  list<K extends Kind>(kind: K, options: ListOptions): Promise<ResourceList<ResourceTypes[K]>> {
    return this.#call('list', kind, { namespace: options.namespace ?? null }, () => this.#server.list(kind, options));
  }

  async *watch<K extends Kind>(
    kind: K,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent<ResourceTypes[K]>> {
    const open = (): AsyncIterable<WatchEvent<ResourceTypes[K]>> => this.#server.watch(kind, options, signal);
    const events = await this.#call('watch', kind, { namespace: options.namespace ?? null }, open);
    yield { kind: 'bookmark', resourceVersion: options.resourceVersion };
    yield* events;
  }

  create<K extends Kind>(kind: K, namespace: string, object: ResourceTypes[K]): Promise<ResourceTypes[K]> {
    const metadata: V1ObjectMeta | undefined = object.metadata;
    const name = { namespace, name: metadata?.name ?? null };
    return this.#call('create', kind, name, () => this.#server.create(kind, namespace, object));
  }

  replace<K extends Kind>(kind: K, name: ObjectName, object: ResourceTypes[K]): Promise<ResourceTypes[K]> {
    return this.#call('update', kind, name, () => this.#server.replace(kind, name, object));
  }

  apply(manifest: Manifest, namespace: string): Promise<ResourceTypes[Kind]> {
    const { kind } = manifest;
    const name = { namespace, name: manifest.metadata.name };
    return this.#call('patch', kind, name, () => this.#server.apply(kind, namespace, jsonOf(manifest)));
  }

  applyStatus(
    name: ObjectName,
    status: ResourceTypes['QdrantCluster']['status'],
    precondition: VersionPrecondition,
  ): Promise<ResourceTypes['QdrantCluster']> {
    const apply = (): ResourceTypes['QdrantCluster'] =>
      this.#server.applyStatus(name, jsonOf(status ?? {}), precondition);
    return this.#call('patch', 'QdrantCluster', name, apply, 'status');
  }

  patchMetadata<K extends Kind>(
    kind: K,
    name: ObjectName,
    change: MetadataChange,
    precondition: Precondition,
  ): Promise<ResourceTypes[K]> {
    return this.#call('patch', kind, name, () => this.#server.patchMetadata(kind, name, change, precondition));
  }

  delete(kind: Kind, name: ObjectName, precondition: Precondition): Promise<void> {
    return this.#call('delete', kind, name, () => this.#server.delete(kind, name, precondition));
  }

  async #call<T>(
    verb: Verb,
    kind: Kind,
    name: { readonly namespace: string | null; readonly name?: string | null },
    effect: () => T,
    subresource: 'status' | null = null,
  ): Promise<T> {
    const call: FakeCall = {
      number: this.calls.length + 1,
      ...{ verb, kind, subresource, namespace: name.namespace, name: name.name ?? null },
    };
    this.calls.push(call);
    await this.#interceptor.before?.(call);
    const result = effect();
    await this.#interceptor.after?.(call);
    return result;
  }
}
