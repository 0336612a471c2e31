/**
 * What the operator knows of Kubernetes without asking: one cache for each kind, kept by a reflector in each namespace
 * that is watched, and word of which clusters a change is about.
 */
import type { V1Node } from '@kubernetes/client-node';
import type { Logger } from 'pino';
import type { GroupNames } from '../api/group.js';
import type { QdrantClusterResource } from '../api/qdrant-cluster.js';
import { phases } from '../api/cluster-status.js';
import type { Clock } from '../clock.js';
import { messageOf } from '../error-message.js';
import {
  KubernetesError,
  type Kind,
  type KubernetesApi,
  type ObjectName,
  type ResourceTypes,
} from '../k8s/kubernetes-api.js';
import { ObjectCache, type CacheChange } from '../k8s/object-cache.js';
import type { FollowedCache } from '../k8s/own-writes.js';
import { Reflector } from '../k8s/reflector.js';
import { keptNode } from '../observe/kept-node.js';
import { labelledKinds, type ClusterCaches, type LabelledKind } from './cluster-caches.js';

export interface ReflectedCachesOptions {
  readonly kubernetes: KubernetesApi;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly names: GroupNames;
  /** Empty: all. */
  readonly namespaces: readonly string[];
  /** Something about this cluster may have changed. */
  readonly onCluster: (name: ObjectName) => void;
}

const reflectedKinds = ['QdrantCluster', ...labelledKinds, 'Node'] as const;
type Reflected = (typeof reflectedKinds)[number];
type Caches = { readonly [K in Reflected]: ObjectCache<K> };

/** A reflector of whichever kind. */
type RunningReflector = Pick<Reflector<Kind>, 'kind' | 'namespace' | 'synced' | 'lastContactMs' | 'run' | 'relist'>;

export class ReflectedCaches implements ClusterCaches {
  readonly #options: ReflectedCachesOptions;
  readonly #caches: Caches;
  readonly #reflectors: readonly RunningReflector[];

  constructor(options: ReflectedCachesOptions) {
    this.#options = options;
    this.#caches = {
      QdrantCluster: this.#cache('QdrantCluster'),
      StatefulSet: this.#cache('StatefulSet'),
      Service: this.#cache('Service'),
      ConfigMap: this.#cache('ConfigMap'),
      PodDisruptionBudget: this.#cache('PodDisruptionBudget'),
      Pod: this.#cache('Pod'),
      PersistentVolumeClaim: this.#cache('PersistentVolumeClaim'),
      Node: this.#cache('Node', keptNode),
    };
    const namespaces = options.namespaces.length === 0 ? [undefined] : options.namespaces;
    this.#reflectors = [
      ...namespaces.map((namespace) => this.#reflector('QdrantCluster', namespace, null)),
      ...namespaces.flatMap((namespace) =>
        labelledKinds.map((kind) => this.#reflector(kind, namespace, options.names.labels.cluster)),
      ),
      this.#reflector('Node', undefined, null),
    ];
    this.#caches.QdrantCluster.subscribe(({ name }) => options.onCluster(name));
    for (const kind of labelledKinds) this.#tellOwners(kind);
    this.#caches.Node.subscribe((change) => this.#tellOfNode(change));
  }

  /** Until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.run(signal)));
  }

  /** Kubernetes' nodes may not be readable with the rights of one namespace: nothing waits for them. */
  get synced(): boolean {
    return this.#reflectors.every((reflector) => reflector.synced || reflector.kind === 'Node');
  }

  /** The longest time that the API server has not been heard of, by kind. */
  silenceMs(): Map<Kind, number> {
    const nowMs = this.#options.clock.monotonicMs();
    const silence = new Map<Kind, number>();
    for (const { kind, lastContactMs } of this.#reflectors) {
      if (lastContactMs === null) continue;
      silence.set(kind, Math.max(silence.get(kind) ?? 0, nowMs - lastContactMs));
    }
    return silence;
  }

  clusterNames(): ObjectName[] {
    return this.#caches.QdrantCluster.all().map(({ metadata: { namespace = '', name = '' } }) => ({ namespace, name }));
  }

  clustersByPhase(): Map<string, number> {
    const known = new Set<string>(phases);
    const count = new Map<string, number>();
    for (const { status } of this.#caches.QdrantCluster.all()) {
      const phase: unknown = status?.phase;
      const shown = typeof phase === 'string' && known.has(phase) ? phase : 'None';
      count.set(shown, (count.get(shown) ?? 0) + 1);
    }
    return count;
  }

  /** For what waits until a write is seen; null for kinds that are not kept. */
  followed(kind: Kind): FollowedCache | null {
    return isReflected(kind) ? this.#caches[kind] : null;
  }

  relist(kind: Kind, namespace: string): void {
    for (const reflector of this.#reflectors) {
      if (reflector.kind !== kind) continue;
      if (reflector.namespace === undefined || reflector.namespace === namespace) reflector.relist();
    }
  }

  cluster(name: ObjectName): QdrantClusterResource | null {
    return this.#caches.QdrantCluster.get(name);
  }

  objects<K extends LabelledKind>(kind: K, { namespace, name }: ObjectName): readonly ResourceTypes[K][] {
    return this.#caches[kind].labelled(namespace, name);
  }

  kubernetesNode(name: string): V1Node | null {
    return this.#caches.Node.get({ namespace: '', name });
  }

  #cache<K extends Reflected>(kind: K, keep?: (object: ResourceTypes[K]) => ResourceTypes[K]): ObjectCache<K> {
    const { logger, names } = this.#options;
    return new ObjectCache(kind, {
      indexedLabel: names.labels.cluster,
      ...(keep === undefined ? {} : { keep }),
      onListenerError: (error) => logger.error({ err: error, kind }, 'What listens to a cache failed'),
    });
  }

  #reflector<K extends Reflected>(kind: K, namespace: string | undefined, labelSelector: string | null): Reflector<K> {
    const cache = this.#caches[kind];
    const { kubernetes, clock, random, logger } = this.#options;
    return new Reflector({
      ...{ api: kubernetes, cache, clock, random },
      ...(namespace === undefined ? {} : { namespace }),
      ...(labelSelector === null ? {} : { labelSelector }),
      onError: (error) => {
        const why = messageOf(error);
        // A version that is too old is an everyday thing; nodes that may not be read are the choice of who installed.
        const expected = error instanceof KubernetesError && (error.kind === 'gone' || kind === 'Node');
        logger[expected ? 'debug' : 'warn']({ kind, namespace }, `Watching: ${why}`);
      },
    });
  }

  #tellOwners(kind: LabelledKind): void {
    const label = this.#options.names.labels.cluster;
    this.#caches[kind].subscribe(({ name, before, after }) => {
      const owners = new Set([before?.metadata?.labels?.[label], after?.metadata?.labels?.[label]]);
      for (const owner of owners) {
        if (owner !== undefined) this.#options.onCluster({ namespace: name.namespace, name: owner });
      }
    });
  }

  /** Nodes report themselves all the time; what counts is whether they are ready. */
  #tellOfNode({ name, before, after }: CacheChange<V1Node>): void {
    if (before !== null && after !== null && isReady(before) === isReady(after)) return;
    const label = this.#options.names.labels.cluster;
    for (const pod of this.#caches.Pod.all()) {
      const owner = pod.metadata?.labels?.[label];
      if (pod.spec?.nodeName !== name.name || owner === undefined) continue;
      this.#options.onCluster({ namespace: pod.metadata?.namespace ?? '', name: owner });
    }
  }
}

function isReflected(kind: Kind): kind is Reflected {
  return reflectedKinds.some((reflected) => reflected === kind);
}

function isReady(node: V1Node): boolean {
  return node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}
