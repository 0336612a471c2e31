/**
 * A pass that reads from caches must not act on a state before its own last writes. Versions cannot be compared as
 * numbers, so what was written is remembered: a cache has caught up with a write when it shows that very version, or has
 * shown it since the write began, or when it was filled by a list that began after the write had ended.
 *
 * One instance belongs to those who wait for their writes together, as the passes of one cluster.
 */
import type { Clock } from '../clock.js';
import {
  KubernetesError,
  type Kind,
  type KubernetesApi,
  type ListOptions,
  type Manifest,
  type MetadataChange,
  type ObjectName,
  type Precondition,
  type ResourceList,
  type ResourceTypes,
  type VersionPrecondition,
  type WatchEvent,
  type WatchOptions,
} from './kubernetes-api.js';
import type { ObjectState } from './object-cache.js';

/** Of an ObjectCache, what is needed here. */
export interface FollowedCache {
  readonly listsBegun: number;
  state(name: ObjectName): ObjectState | null;
  onObject(name: ObjectName, listener: (state: ObjectState | null) => void): () => void;
  onListed(listener: (list: number) => void): () => void;
}

export interface OwnWritesOptions {
  readonly api: KubernetesApi;
  readonly clock: Clock;
  /** Null for kinds that are not kept in a cache: nothing is waited for. */
  readonly cacheOf: (kind: Kind, namespace: string) => FollowedCache | null;
  /** Asks the reflector for a list: a watch that has not shown a write for so long may never. */
  readonly relist: (kind: Kind, namespace: string) => void;
  readonly patienceMs?: number;
}

type Reached = (state: ObjectState | null) => boolean;

interface Expectation {
  readonly kind: Kind;
  readonly namespace: string;
}

const defaultPatienceMs = 5000;

export class OwnWrites implements KubernetesApi {
  readonly #options: OwnWritesOptions;
  readonly #expectations = new Set<Expectation>();
  readonly #waiting = new Set<() => void>();

  constructor(options: OwnWritesOptions) {
    this.#options = options;
  }

  get pending(): number {
    return this.#expectations.size;
  }

  /** Until the caches show every write that was made through this. */
  async settled(signal: AbortSignal): Promise<void> {
    const { clock, relist, patienceMs = defaultPatienceMs } = this.#options;
    while (this.#expectations.size > 0) {
      const round = new AbortController();
      const end = (): void => round.abort(signal.reason);
      const settled = (): void => round.abort();
      signal.addEventListener('abort', end, { once: true });
      this.#waiting.add(settled);
      try {
        if (signal.aborted) end();
        await clock.sleep(patienceMs, round.signal);
        for (const { kind, namespace } of this.#expectations) relist(kind, namespace);
      } catch (error) {
        if (!round.signal.aborted) throw error;
        signal.throwIfAborted();
      } finally {
        this.#waiting.delete(settled);
        signal.removeEventListener('abort', end);
      }
    }
  }

  get<K extends Kind>(kind: K, name: ObjectName, signal?: AbortSignal): Promise<ResourceTypes[K] | null> {
    return this.#options.api.get(kind, name, signal);
  }

  list<K extends Kind>(kind: K, options: ListOptions, signal?: AbortSignal): Promise<ResourceList<ResourceTypes[K]>> {
    return this.#options.api.list(kind, options, signal);
  }

  watch<K extends Kind>(
    kind: K,
    options: WatchOptions,
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent<ResourceTypes[K]>> {
    return this.#options.api.watch(kind, options, signal);
  }

  create<K extends Kind>(
    kind: K,
    namespace: string,
    object: ResourceTypes[K],
    signal?: AbortSignal,
  ): Promise<ResourceTypes[K]> {
    const name = { namespace, name: object.metadata?.name ?? '' };
    return this.#written(kind, name, () => this.#options.api.create(kind, namespace, object, signal));
  }

  replace<K extends Kind>(
    kind: K,
    name: ObjectName,
    object: ResourceTypes[K],
    signal?: AbortSignal,
  ): Promise<ResourceTypes[K]> {
    return this.#written(kind, name, () => this.#options.api.replace(kind, name, object, signal));
  }

  apply(manifest: Manifest, namespace: string): Promise<ResourceTypes[Kind]> {
    const name = { namespace, name: manifest.metadata.name };
    return this.#written(manifest.kind, name, () => this.#options.api.apply(manifest, namespace));
  }

  applyStatus(
    name: ObjectName,
    status: ResourceTypes['QdrantCluster']['status'],
    precondition: VersionPrecondition,
  ): Promise<ResourceTypes['QdrantCluster']> {
    return this.#written('QdrantCluster', name, () => this.#options.api.applyStatus(name, status, precondition));
  }

  patchMetadata<K extends Kind>(
    kind: K,
    name: ObjectName,
    change: MetadataChange,
    precondition: Precondition,
  ): Promise<ResourceTypes[K]> {
    return this.#written(kind, name, () => this.#options.api.patchMetadata(kind, name, change, precondition));
  }

  /** Seen when the object that was there is gone, or goes. */
  async delete(kind: Kind, name: ObjectName, precondition: Precondition): Promise<void> {
    const uid = precondition.uid ?? this.#options.cacheOf(kind, name.namespace)?.state(name)?.uid;
    const isSeen: Reached = (state) => state === null || state.deleting || state.uid !== uid;
    await this.#followed(
      kind,
      name,
      () => this.#options.api.delete(kind, name, precondition),
      () => isSeen,
    );
  }

  #written<K extends Kind>(
    kind: K,
    name: ObjectName,
    send: () => Promise<ResourceTypes[K]>,
  ): Promise<ResourceTypes[K]> {
    return this.#followed(kind, name, send, (written) => {
      const version = written.metadata?.resourceVersion;
      return (state) => state?.resourceVersion === version;
    });
  }

  async #followed<T>(
    kind: Kind,
    name: ObjectName,
    send: () => Promise<T>,
    reachedBy: (result: T) => Reached,
  ): Promise<T> {
    const cache = this.#options.cacheOf(kind, name.namespace);
    if (cache === null) return send();
    const seen = [cache.state(name)];
    const stopNoting = cache.onObject(name, (state) => seen.push(state));
    try {
      const result = await send();
      const reached = reachedBy(result);
      if (!seen.some(reached)) this.#expect(kind, name, cache, reached);
      return result;
    } catch (error) {
      // Nobody knows whether it took effect: only a new list tells what there is now.
      if (error instanceof KubernetesError && error.kind === 'unavailable') {
        this.#expect(kind, name, cache, () => false);
        this.#options.relist(kind, name.namespace);
      }
      throw error;
    } finally {
      stopNoting();
    }
  }

  #expect(kind: Kind, name: ObjectName, cache: FollowedCache, reached: Reached): void {
    const expectation: Expectation = { kind, namespace: name.namespace };
    const listsBefore = cache.listsBegun;
    const met = (): void => {
      stopNoting();
      stopListing();
      this.#expectations.delete(expectation);
      if (this.#expectations.size === 0) for (const settled of [...this.#waiting]) settled();
    };
    const stopNoting = cache.onObject(name, (state) => {
      if (reached(state)) met();
    });
    const stopListing = cache.onListed((list) => {
      if (list > listsBefore) met();
    });
    this.#expectations.add(expectation);
  }
}
