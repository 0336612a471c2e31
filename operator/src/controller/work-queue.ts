/**
 * Which cluster is looked at next. Level-based: a key says that something may have changed, never what. A key is in
 * the queue once, runs once at a time, and comes back by itself when its last pass asked for that or failed.
 */
import type { Clock } from '../clock.js';

/** What a pass says of when its cluster is to be looked at again, should no event come first. */
export type PassOutcome =
  /** Only when something changes: the cluster is gone. */
  | { readonly kind: 'done' }
  | { readonly kind: 'look-again'; readonly afterMs: number }
  /** After a back-off that grows with each failure in a row. */
  | { readonly kind: 'failed'; readonly retryAfterMs: number | null };

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly concurrency: number;
  readonly work: (key: string) => Promise<PassOutcome>;
  /** Passes of one key begin at least this far apart, so that a burst of events makes few of them. */
  readonly pauseMs?: number;
  readonly firstBackOffMs?: number;
  readonly longestBackOffMs?: number;
}

interface Entry {
  state: 'waiting' | 'ready' | 'running';
  /** Of the timer that makes it ready; on the monotonic clock. Infinity: none. */
  dueMs: number;
  /** Ends the timer. */
  timer: AbortController | null;
  /** Added while it ran. */
  again: boolean;
  failures: number;
  earliestMs: number;
}

export class WorkQueue {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #concurrency: number;
  readonly #work: (key: string) => Promise<PassOutcome>;
  readonly #pauseMs: number;
  readonly #firstBackOffMs: number;
  readonly #longestBackOffMs: number;
  readonly #entries = new Map<string, Entry>();
  readonly #ready: string[] = [];
  #running = 0;
  #stopped = false;
  #idle: (() => void)[] = [];

  constructor(options: WorkQueueOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#concurrency = options.concurrency;
    this.#work = options.work;
    this.#pauseMs = options.pauseMs ?? 100;
    this.#firstBackOffMs = options.firstBackOffMs ?? 500;
    this.#longestBackOffMs = options.longestBackOffMs ?? 60_000;
  }

  /** Clusters that wait for a free place. */
  get depth(): number {
    return this.#ready.length;
  }

  get running(): number {
    return this.#running;
  }

  /** Something about this cluster may have changed. */
  add(key: string): void {
    if (this.#stopped) return;
    const entry = this.#entryOf(key);
    if (entry.state === 'running') entry.again = true;
    else if (entry.state === 'waiting') this.#schedule(key, entry, 0);
  }

  /** Begins nothing more, and resolves when what runs has ended. */
  stop(): Promise<void> {
    this.#stopped = true;
    this.#ready.length = 0;
    for (const entry of this.#entries.values()) entry.timer?.abort();
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #entryOf(key: string): Entry {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { state: 'waiting', dueMs: Infinity, timer: null, again: false, failures: 0, earliestMs: 0 };
      this.#entries.set(key, entry);
    }
    return entry;
  }

  /** Makes a waiting key ready after a time, or earlier when it was due earlier already. */
  #schedule(key: string, entry: Entry, afterMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    const dueMs = Math.max(nowMs + afterMs, entry.earliestMs);
    if (dueMs >= entry.dueMs) return;
    entry.timer?.abort();
    entry.timer = null;
    entry.dueMs = dueMs;
    if (dueMs <= nowMs) {
      this.#becomeReady(key, entry);
      return;
    }
    const timer = new AbortController();
    entry.timer = timer;
    this.#clock.sleep(dueMs - nowMs, timer.signal).then(
      () => {
        if (!timer.signal.aborted) this.#becomeReady(key, entry);
      },
      () => undefined,
    );
  }

  #becomeReady(key: string, entry: Entry): void {
    entry.state = 'ready';
    entry.timer = null;
    entry.dueMs = Infinity;
    this.#ready.push(key);
    this.#pump();
  }

  #pump(): void {
    while (!this.#stopped && this.#running < this.#concurrency) {
      const key = this.#ready.shift();
      if (key === undefined) return;
      const entry = this.#entryOf(key);
      entry.state = 'running';
      entry.again = false;
      this.#running += 1;
      // A pass that throws has a defect; its cluster alone is held back by it.
      this.#work(key)
        .catch((): PassOutcome => ({ kind: 'failed', retryAfterMs: null }))
        .then((outcome) => this.#ended(key, entry, outcome))
        .catch(() => undefined);
    }
  }

  #ended(key: string, entry: Entry, outcome: PassOutcome): void {
    this.#running -= 1;
    entry.state = 'waiting';
    entry.earliestMs = this.#clock.monotonicMs() + this.#pauseMs;
    if (this.#stopped) {
      if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve();
      return;
    }
    switch (outcome.kind) {
      case 'done':
        if (!entry.again) this.#entries.delete(key);
        entry.failures = 0;
        break;
      case 'look-again':
        entry.failures = 0;
        this.#schedule(key, entry, outcome.afterMs);
        break;
      case 'failed': {
        entry.failures += 1;
        const waitMs = Math.max(outcome.retryAfterMs ?? 0, this.#backOffMs(entry.failures));
        // Events do not hurry what fails beyond the first pause: its own attempts may be what makes them.
        entry.earliestMs = this.#clock.monotonicMs() + Math.max(this.#firstBackOffMs, outcome.retryAfterMs ?? 0);
        this.#schedule(key, entry, waitMs);
        break;
      }
    }
    if (entry.again) this.#schedule(key, entry, 0);
    this.#pump();
  }

  /** Between half and all of a time that doubles, so that clusters that failed together do not come back together. */
  #backOffMs(failures: number): number {
    const fullMs = Math.min(this.#longestBackOffMs, this.#firstBackOffMs * 2 ** Math.min(failures - 1, 20));
    return fullMs * (0.5 + 0.5 * this.#random());
  }
}
