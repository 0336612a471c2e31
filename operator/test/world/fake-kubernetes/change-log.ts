/** Every version of every object since the last compaction, the watches that read them, and who else listens. */
import type { ClusterGroup } from '../../../src/k8s/kinds.js';
import {
  KubernetesError,
  type Kind,
  type ResourceTypes,
  type WatchEvent,
  type WatchOptions,
} from '../../../src/k8s/kubernetes-api.js';
import type { VirtualClock } from '../virtual-clock.js';
import { labelMatch } from './label-selector.js';
import { parsed, type StoredObject } from './stored-object.js';
import { WatchStream } from './watch-stream.js';

export type StoredChange =
  | { readonly kind: Kind; readonly before: StoredObject | null; readonly after: StoredObject }
  /** `last` is how it looked when it went, with a version of its own. */
  | { readonly kind: Kind; readonly before: StoredObject; readonly after: null; readonly last: StoredObject };

interface Watcher {
  readonly offer: (change: StoredChange) => void;
  readonly silence: () => void;
  readonly end: () => void;
}

const keptChanges = 20_000;

export class ChangeLog {
  watchDelayMs = 0;
  readonly #clock: VirtualClock;
  readonly #cluster: ClusterGroup;
  readonly #watchers = new Set<Watcher>();
  readonly #listeners = new Set<(change: StoredChange) => void>();
  #untold: StoredChange[] = [];
  #telling = false;
  #changes: { readonly version: number; readonly change: StoredChange }[] = [];
  /** The server has a past that it does not remember. */
  #version = 100;
  #compacted = 100;

  constructor(clock: VirtualClock, cluster: ClusterGroup) {
    this.#clock = clock;
    this.#cluster = cluster;
  }

  get version(): string {
    return String(this.#version);
  }

  nextVersion(): string {
    this.#version += 1;
    return String(this.#version);
  }

  subscribe(listener: (change: StoredChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  record(change: StoredChange): void {
    this.#changes.push({ version: this.#version, change });
    if (this.#changes.length > 2 * keptChanges) {
      this.#changes = this.#changes.slice(-keptChanges);
      this.#compacted = (this.#changes[0]?.version ?? 1) - 1;
    }
    for (const watcher of this.#watchers) watcher.offer(change);
    this.#untold.push(change);
    this.#tell();
  }

  compact(): void {
    this.#changes = [];
    this.#compacted = this.#version;
  }

  silenceWatches(): void {
    for (const watcher of this.#watchers) watcher.silence();
  }

  endWatches(): void {
    for (const watcher of this.#watchers) watcher.end();
  }

  watch<K extends Kind>(kind: K, options: WatchOptions, signal: AbortSignal): WatchStream<ResourceTypes[K]> {
    const since = Number(options.resourceVersion);
    if (!Number.isSafeInteger(since) || since < 1) throw new KubernetesError('invalid', 'a watch needs a version');
    if (since < this.#compacted) throw new KubernetesError('gone', `version ${since} is too old`);
    const matches = this.#matchOf(options);
    const close = (): void => stream.close();
    const stream = new WatchStream<ResourceTypes[K]>(this.#clock, () => {
      cancelEnd();
      this.#watchers.delete(watcher);
      signal.removeEventListener('abort', close);
    });
    const cancelEnd = this.#clock.after(options.timeoutSeconds * 1000, () => stream.end());
    const offer = (change: StoredChange): void => {
      if (change.kind !== kind) return;
      const event = eventOf(change, matches, (object) => parsed(kind, this.#cluster, object));
      if (event !== null) stream.push(event, this.watchDelayMs);
    };
    const watcher: Watcher = { offer, silence: () => stream.silence(), end: () => stream.end() };
    for (const { version, change } of this.#changes) if (version > since) offer(change);
    this.#watchers.add(watcher);
    signal.addEventListener('abort', close, { once: true });
    if (signal.aborted) stream.close();
    return stream;
  }

  #matchOf(options: WatchOptions): (object: StoredObject | null) => boolean {
    const matches = labelMatch(options.labelSelector);
    const { namespace } = options;
    return (object) =>
      object !== null &&
      (namespace === undefined || object.metadata.namespace === namespace) &&
      matches(object.metadata.labels);
  }

  /** A listener that writes is told of that after everybody has heard of the change before. */
  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    try {
      for (let change = this.#untold.shift(); change !== undefined; change = this.#untold.shift()) {
        for (const listener of [...this.#listeners]) listener(change);
      }
    } finally {
      this.#telling = false;
    }
  }
}

/** An object that begins to match a watch's selector is added to it, one that ceases to is deleted from it. */
function eventOf<T>(
  change: StoredChange,
  matches: (object: StoredObject | null) => boolean,
  parse: (object: StoredObject) => T,
): WatchEvent<T> | null {
  const was = matches(change.before);
  if (change.after === null) return was ? { kind: 'deleted', object: parse(change.last) } : null;
  const is = matches(change.after);
  if (!was && !is) return null;
  return { kind: is ? (was ? 'modified' : 'added') : 'deleted', object: parse(change.after) };
}
