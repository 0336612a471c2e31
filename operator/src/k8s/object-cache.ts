/** What a reflector has seen of one kind. Reading costs nothing; objects are shared and must not be changed. */
import type { Kind, ObjectName, ResourceTypes } from './kubernetes-api.js';

export interface CacheChange<T> {
  readonly name: ObjectName;
  readonly before: T | null;
  readonly after: T | null;
}

/** What there is to know of an object to tell one version of it from another. */
export interface ObjectState {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly deleting: boolean;
}

export interface CacheOptions<K extends Kind> {
  /** Objects with this label are found by its value. */
  readonly indexedLabel?: string;
  /** What of an object is kept, with its name, uid and version; left out: all of it. */
  readonly keep?: (object: ResourceTypes[K]) => ResourceTypes[K];
  /** A listener that throws harms neither the cache nor other listeners. */
  readonly onListenerError: (error: unknown) => void;
}

export class ObjectCache<K extends Kind> {
  readonly kind: K;
  readonly #options: CacheOptions<K>;
  readonly #objects = new Map<string, ResourceTypes[K]>();
  readonly #byLabel = new Map<string, Set<string>>();
  readonly #listeners = new Set<(change: CacheChange<ResourceTypes[K]>) => void>();
  readonly #objectListeners = new Map<string, Set<(state: ObjectState | null) => void>>();
  readonly #listListeners = new Set<(list: number) => void>();
  #listsBegun = 0;

  constructor(kind: K, options: CacheOptions<K>) {
    this.kind = kind;
    this.#options = options;
  }

  get(name: ObjectName): ResourceTypes[K] | null {
    return this.#objects.get(keyOf(name)) ?? null;
  }

  all(): readonly ResourceTypes[K][] {
    return [...this.#objects.values()];
  }

  /** By the value of the indexed label, in one namespace, by name. */
  labelled(namespace: string, value: string): readonly ResourceTypes[K][] {
    const keys = this.#byLabel.get(`${namespace}/${value}`) ?? [];
    return [...keys].sort().flatMap((key) => this.#objects.get(key) ?? []);
  }

  state(name: ObjectName): ObjectState | null {
    const object = this.#objects.get(keyOf(name));
    return object === undefined ? null : stateOf(object);
  }

  /** After each change; returns what ends it. */
  subscribe(listener: (change: CacheChange<ResourceTypes[K]>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Every version of one object as it is seen. */
  onObject(name: ObjectName, listener: (state: ObjectState | null) => void): () => void {
    const key = keyOf(name);
    const listeners = this.#objectListeners.get(key) ?? new Set();
    this.#objectListeners.set(key, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#objectListeners.get(key) === listeners) this.#objectListeners.delete(key);
    };
  }

  /** A list that begins after a write has ended shows that write. */
  get listsBegun(): number {
    return this.#listsBegun;
  }

  onListed(listener: (list: number) => void): () => void {
    this.#listListeners.add(listener);
    return () => this.#listListeners.delete(listener);
  }

  /** For the reflector: before it asks for a list. */
  beginList(): number {
    this.#listsBegun += 1;
    return this.#listsBegun;
  }

  /** All there is, in one namespace or at all: what is not in it any more was deleted unseen. */
  replaceAll(list: number, namespace: string | undefined, items: readonly ResourceTypes[K][]): void {
    const listed = new Set(items.map((item) => keyOf(nameOf(item))));
    for (const [key, object] of [...this.#objects]) {
      if (listed.has(key) || (namespace !== undefined && nameOf(object).namespace !== namespace)) continue;
      this.remove(object);
    }
    for (const item of items) this.put(item);
    for (const listener of [...this.#listListeners]) this.#isolated(() => listener(list));
  }

  put(whole: ResourceTypes[K]): void {
    const object = this.#options.keep?.(whole) ?? whole;
    const name = nameOf(object);
    const key = keyOf(name);
    const before = this.#objects.get(key) ?? null;
    if (before !== null && stateOf(before).resourceVersion === stateOf(object).resourceVersion) return;
    if (before !== null) this.#unindex(key, before);
    this.#objects.set(key, object);
    this.#index(key, object);
    this.#tell(key, { name, before, after: object });
  }

  remove(object: ResourceTypes[K]): void {
    const name = nameOf(object);
    const key = keyOf(name);
    const before = this.#objects.get(key) ?? null;
    if (before === null) return;
    this.#unindex(key, before);
    this.#objects.delete(key);
    this.#tell(key, { name, before, after: null });
  }

  #index(key: string, object: ResourceTypes[K]): void {
    const label = this.#labelKey(object);
    if (label === null) return;
    this.#byLabel.set(label, (this.#byLabel.get(label) ?? new Set()).add(key));
  }

  #unindex(key: string, object: ResourceTypes[K]): void {
    const label = this.#labelKey(object);
    if (label === null) return;
    const keys = this.#byLabel.get(label);
    keys?.delete(key);
    if (keys?.size === 0) this.#byLabel.delete(label);
  }

  #labelKey(object: ResourceTypes[K]): string | null {
    const { indexedLabel } = this.#options;
    const value = indexedLabel === undefined ? undefined : object.metadata?.labels?.[indexedLabel];
    return value === undefined ? null : `${nameOf(object).namespace}/${value}`;
  }

  #tell(key: string, change: CacheChange<ResourceTypes[K]>): void {
    const state = change.after === null ? null : stateOf(change.after);
    for (const listener of [...(this.#objectListeners.get(key) ?? [])]) this.#isolated(() => listener(state));
    for (const listener of [...this.#listeners]) this.#isolated(() => listener(change));
  }

  #isolated(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#options.onListenerError(error);
    }
  }
}

function keyOf({ namespace, name }: ObjectName): string {
  return `${namespace}/${name}`;
}

function nameOf(object: ResourceTypes[Kind]): ObjectName {
  return { namespace: object.metadata?.namespace ?? '', name: object.metadata?.name ?? '' };
}

function stateOf(object: ResourceTypes[Kind]): ObjectState {
  const { uid = '', resourceVersion = '', deletionTimestamp } = object.metadata ?? {};
  return { uid, resourceVersion, deleting: deletionTimestamp !== undefined };
}
