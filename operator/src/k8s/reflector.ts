/**
 * Keeps a cache equal to what the API server has: a list, then a watch from its version on, then the next watch from
 * where the last one ended. It never ends by itself, and never believes a silence: a watch that says nothing for long is
 * opened anew.
 */
import type { Clock } from '../clock.js';
import { backOffMs } from './back-off.js';
import {
  KubernetesError,
  type Kind,
  type KubernetesApi,
  type ListOptions,
  type ResourceTypes,
  type WatchEvent,
} from './kubernetes-api.js';
import type { ObjectCache } from './object-cache.js';

export interface ReflectorOptions<K extends Kind> extends ListOptions {
  readonly api: KubernetesApi;
  readonly cache: ObjectCache<K>;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Each failure of a list or watch; the reflector goes on. */
  readonly onError: (error: unknown) => void;
  readonly idleMs?: number;
}

/** Servers mark a quiet watch about once a minute, if at all. */
const defaultIdleMs = 150_000;
const shortestWatchSeconds = 300;
/** A watch that lasted so long or told of something was a good one: what fails next fails for the first time. */
const goodWatchMs = 10_000;
/** What a watch cannot get over, as an event that cannot be read, a list may. */
const failuresBeforeList = 3;

export class Reflector<K extends Kind> {
  readonly #options: ReflectorOptions<K>;
  readonly #idleMs: number;
  #version: string | null = null;
  #watch: AbortController | null = null;
  #listsWanted = 0;
  #failures = 0;
  #synced = false;
  #lastContactMs: number | null = null;

  constructor(options: ReflectorOptions<K>) {
    this.#options = options;
    this.#idleMs = options.idleMs ?? defaultIdleMs;
  }

  get kind(): K {
    return this.#options.cache.kind;
  }

  get namespace(): string | undefined {
    return this.#options.namespace;
  }

  /** The cache has been filled once. */
  get synced(): boolean {
    return this.#synced;
  }

  /** When the server was last heard of, on the monotonic clock. */
  get lastContactMs(): number | null {
    return this.#lastContactMs;
  }

  /** The cache is made good by a list as soon as can be, by one that begins after this. */
  relist(): void {
    this.#version = null;
    this.#listsWanted += 1;
    this.#watch?.abort();
  }

  /** Until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#version === null) await this.#list(signal);
        // A server that ends watches as soon as they begin is not asked without a pause.
        else if (!(await this.#watchFrom(this.#version, signal))) await this.#pause(1, null, signal);
      } catch (error) {
        if (isAborted(signal)) return;
        await this.#failed(error, signal);
      }
    }
  }

  async #failed(error: unknown, signal: AbortSignal): Promise<void> {
    this.#options.onError(error);
    this.#failures += 1;
    const failure = error instanceof KubernetesError ? error : null;
    const gone = failure?.kind === 'gone';
    if (gone || this.#failures >= failuresBeforeList) this.#version = null;
    // The first time that a version is gone is nothing to wait for.
    if (gone && this.#failures === 1) return;
    await this.#pause(this.#failures, failure?.retryAfterMs ?? null, signal);
  }

  async #pause(failures: number, retryAfterMs: number | null, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    await ignoringAbort(clock.sleep(backOffMs(failures, random, retryAfterMs), signal), signal);
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { api, cache, namespace, labelSelector } = this.#options;
    const wanted = this.#listsWanted;
    const list = cache.beginList();
    const { resourceVersion, items } = await api.list(cache.kind, selection(namespace, labelSelector), signal);
    cache.replaceAll(list, namespace, items);
    this.#version = wanted === this.#listsWanted ? resourceVersion : null;
    this.#synced = true;
    this.#contact();
  }

  /** Whether it was a good one. */
  async #watchFrom(resourceVersion: string, signal: AbortSignal): Promise<boolean> {
    const { api, cache, namespace, labelSelector, clock, random } = this.#options;
    const timeoutSeconds = shortestWatchSeconds + Math.floor(random() * shortestWatchSeconds);
    const options = { ...selection(namespace, labelSelector), resourceVersion, timeoutSeconds };
    const watch = new AbortController();
    const end = (): void => watch.abort();
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
    this.#watch = watch;
    const openedAtMs = clock.monotonicMs();
    const heard = { atMs: openedAtMs };
    const guard = this.#guard(watch, heard);
    let changed = false;
    const isGood = (): boolean => changed || clock.monotonicMs() - openedAtMs >= goodWatchMs;
    try {
      for await (const event of api.watch(cache.kind, options, watch.signal)) {
        // What still comes of a watch that was given up belongs to a version that is not kept.
        if (watch.signal.aborted) break;
        heard.atMs = this.#contact();
        changed = this.#take(event) || changed;
      }
    } finally {
      signal.removeEventListener('abort', end);
      this.#watch = null;
      watch.abort();
      await guard;
      if (isGood()) this.#failures = 0;
    }
    return isGood();
  }

  #take(event: WatchEvent<ResourceTypes[K]>): boolean {
    const { cache } = this.#options;
    if (event.kind === 'bookmark') {
      this.#version = event.resourceVersion;
      return false;
    }
    if (event.kind === 'deleted') cache.remove(event.object);
    else cache.put(event.object);
    // Unless a listener has asked for a list meanwhile.
    if (this.#version !== null) this.#version = event.object.metadata?.resourceVersion ?? null;
    return true;
  }

  /** Ends a watch that has been silent for too long; ends with the watch. */
  async #guard(watch: AbortController, heard: { readonly atMs: number }): Promise<void> {
    const { clock, onError } = this.#options;
    for (;;) {
      const waitMs = heard.atMs + this.#idleMs - clock.monotonicMs();
      if (waitMs <= 0) {
        onError(new KubernetesError('unavailable', `a watch of ${this.kind} was silent for ${this.#idleMs} ms`));
        watch.abort();
        return;
      }
      await ignoringAbort(clock.sleep(waitMs, watch.signal), watch.signal);
      if (watch.signal.aborted) return;
    }
  }

  #contact(): number {
    this.#lastContactMs = this.#options.clock.monotonicMs();
    return this.#lastContactMs;
  }
}

function selection(namespace: string | undefined, labelSelector: string | undefined): ListOptions {
  return {
    ...(namespace === undefined ? {} : { namespace }),
    ...(labelSelector === undefined ? {} : { labelSelector }),
  };
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

async function ignoringAbort(waiting: Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    await waiting;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
