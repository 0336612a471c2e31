/**
 * Values of Secrets, read by name and kept for a while: the operator may not list them, and each costs a request. A
 * value goes to the connection that needs it and nowhere else; no message here contains one.
 */
import type { Clock } from '../clock.js';
import type { KubernetesApi } from '../k8s/kubernetes-api.js';
import type { SecretRef } from '../observe/endpoint-of-pod.js';

interface CachedSecret {
  readonly values: ReadonlyMap<string, string>;
  readonly readAtMs: number;
  readonly lifetimeMs: number;
}

/** A value that is wrong is seen by what it opens no more, so this only bounds how long one stays that nobody uses. */
const lifetimeMs = 600_000;
/** Somebody may just be about to create one that is missing. */
const missingLifetimeMs = 5000;
/** A value that opens nothing may be right, and the node wrong: it is not read for every question to that node. */
const doubtedLifetimeMs = 10_000;

export class Secrets {
  readonly #kubernetes: KubernetesApi;
  readonly #clock: Clock;
  readonly #most: number;
  readonly #cache = new Map<string, CachedSecret>();

  constructor(kubernetes: KubernetesApi, clock: Clock, { most = 1000 }: { readonly most?: number } = {}) {
    this.#kubernetes = kubernetes;
    this.#clock = clock;
    this.#most = most;
  }

  /** Null: there is no such Secret, or no such key in it. */
  async value(namespace: string, { name, key }: SecretRef): Promise<string | null> {
    const cacheKey = `${namespace}/${name}`;
    const cached = this.#cache.get(cacheKey);
    const ageMs = this.#clock.monotonicMs() - (cached?.readAtMs ?? 0);
    if (cached !== undefined && ageMs < cached.lifetimeMs) return cached.values.get(key) ?? null;
    const secret = await this.#kubernetes.get('Secret', { namespace, name });
    const values = new Map<string, string>();
    for (const [dataKey, base64] of Object.entries(secret?.data ?? {})) {
      values.set(dataKey, Buffer.from(base64, 'base64').toString('utf8'));
    }
    this.#cache.delete(cacheKey);
    this.#cache.set(cacheKey, {
      values,
      readAtMs: this.#clock.monotonicMs(),
      lifetimeMs: secret === null ? missingLifetimeMs : lifetimeMs,
    });
    // The oldest goes first, as a Map keeps its order.
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size <= this.#most) break;
      this.#cache.delete(oldest);
    }
    return values.get(key) ?? null;
  }

  /** A node did not accept what is in it: it is read again, unless that was done just now. */
  doubt(namespace: string, { name }: SecretRef): void {
    const cacheKey = `${namespace}/${name}`;
    const cached = this.#cache.get(cacheKey);
    if (cached === undefined) return;
    this.#cache.set(cacheKey, { ...cached, lifetimeMs: Math.min(cached.lifetimeMs, doubtedLifetimeMs) });
  }
}
