/**
 * Values of Secrets, read by name and kept for a short time: the operator may not list them, and each costs a request.
 * A value goes to the connection that needs it and nowhere else; no message here contains one.
 */
import type { Clock } from '../clock.js';
import type { KubernetesApi } from '../k8s/kubernetes-api.js';

export interface SecretKey {
  readonly name: string;
  readonly key: string;
}

interface CachedSecret {
  readonly values: ReadonlyMap<string, string>;
  readonly untilMs: number;
}

export class Secrets {
  readonly #kubernetes: KubernetesApi;
  readonly #clock: Clock;
  readonly #lifetimeMs: number;
  readonly #most: number;
  readonly #cache = new Map<string, CachedSecret>();

  constructor(kubernetes: KubernetesApi, clock: Clock, options: { lifetimeMs?: number; most?: number } = {}) {
    this.#kubernetes = kubernetes;
    this.#clock = clock;
    this.#lifetimeMs = options.lifetimeMs ?? 60_000;
    this.#most = options.most ?? 1000;
  }

  /** Null: there is no such Secret, or no such key in it. */
  async value(namespace: string, { name, key }: SecretKey): Promise<string | null> {
    const cacheKey = `${namespace}/${name}`;
    const cached = this.#cache.get(cacheKey);
    if (cached !== undefined && cached.untilMs > this.#clock.monotonicMs()) return cached.values.get(key) ?? null;
    const secret = await this.#kubernetes.get('Secret', { namespace, name });
    const values = new Map<string, string>();
    for (const [dataKey, base64] of Object.entries(secret?.data ?? {})) {
      values.set(dataKey, Buffer.from(base64, 'base64').toString('utf8'));
    }
    this.#cache.delete(cacheKey);
    // One that is missing is asked for again soon: somebody may just be about to create it.
    const lifetimeMs = secret === null ? Math.min(5000, this.#lifetimeMs) : this.#lifetimeMs;
    this.#cache.set(cacheKey, { values, untilMs: this.#clock.monotonicMs() + lifetimeMs });
    // The oldest goes first, as a Map keeps its order.
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size <= this.#most) break;
      this.#cache.delete(oldest);
    }
    return values.get(key) ?? null;
  }
}
