/** One watch of the fake API server: events wait in it until they are read, in the order of their versions. */
import type { WatchEvent } from '../../../src/k8s/kubernetes-api.js';
import type { VirtualClock } from '../virtual-clock.js';

export class WatchStream<T> implements AsyncIterable<WatchEvent<T>> {
  readonly #clock: VirtualClock;
  readonly #onClosed: () => void;
  #ready: WatchEvent<T>[] = [];
  #ended = false;
  #silent = false;
  #lastDueMs = 0;
  #wake: (() => void) | null = null;

  constructor(clock: VirtualClock, onClosed: () => void) {
    this.#clock = clock;
    this.#onClosed = onClosed;
  }

  /** A shorter delay than that of the event before overtakes nothing. */
  push(event: WatchEvent<T>, delayMs: number): void {
    const dueMs = Math.max(this.#lastDueMs, this.#clock.nowMs() + delayMs);
    this.#lastDueMs = dueMs;
    if (dueMs <= this.#clock.nowMs()) this.#deliver(event);
    else this.#clock.after(dueMs - this.#clock.nowMs(), () => this.#deliver(event));
  }

  /** As a connection that is cut without a word: neither events nor an end. */
  silence(): void {
    this.#silent = true;
  }

  end(): void {
    if (this.#ended || this.#silent) return;
    this.close();
  }

  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onClosed();
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent<T>> {
    try {
      for (;;) {
        for (let event = this.#ready.shift(); event !== undefined; event = this.#ready.shift()) yield event;
        if (this.#ended) return;
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      this.close();
    }
  }

  #deliver(event: WatchEvent<T>): void {
    if (this.#silent || this.#ended) return;
    this.#ready.push(event);
    this.#wake?.();
  }
}
