/** When what failed may be tried again: after pauses that grow with each failure in a row. Pure. */
export interface RetryPauseLimits {
  readonly firstMs: number;
  readonly longestMs: number;
}

export const defaultRetryPauses: RetryPauseLimits = { firstMs: 1_000, longestMs: 60_000 };

interface Failures {
  readonly count: number;
  readonly dueMs: number;
}

export class RetryPauses<Key> {
  readonly #limits: RetryPauseLimits;
  readonly #random: () => number;
  readonly #failures = new Map<Key, Failures>();

  /** `random`: from 0 up to, not with, 1. Nodes that failed together do not try again together. */
  constructor(limits: RetryPauseLimits, random: () => number) {
    this.#limits = limits;
    this.#random = random;
  }

  noteFailure(key: Key, nowMs: number): void {
    const count = (this.#failures.get(key)?.count ?? 0) + 1;
    // 2 to the 30th is past any limit.
    const pauseMs = Math.min(this.#limits.longestMs, this.#limits.firstMs * 2 ** Math.min(count - 1, 30));
    this.#failures.set(key, { count, dueMs: nowMs + pauseMs * (0.5 + this.#random() / 2) });
  }

  /** Forgets what is over. */
  keepOnly(keys: ReadonlySet<Key>): void {
    for (const key of this.#failures.keys()) if (!keys.has(key)) this.#failures.delete(key);
  }

  isDue(key: Key, nowMs: number): boolean {
    return this.dueMs(key) <= nowMs;
  }

  /** 0 when it never failed. */
  dueMs(key: Key): number {
    return this.#failures.get(key)?.dueMs ?? 0;
  }
}
