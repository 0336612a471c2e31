/** Those who are told of each new state, and those who wait for an index. */
import { ServiceError } from '../errors.js';
import type { MetadataState } from '../metadata/metadata-state.js';

interface Waiter {
  readonly index: number;
  readonly resolve: () => void;
}

export class StateListeners {
  readonly #listeners = new Set<(state: MetadataState) => void>();
  readonly #waiters = new Set<Waiter>();

  subscribe(listener: (state: MetadataState) => void): () => void {
    // A wrapper, so that a function that subscribes twice is told twice and ends each by itself.
    const own = (state: MetadataState): void => listener(state);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  tell(state: MetadataState): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(state);
      } catch (error) {
        // A defect of a listener is not one of consensus: it ends the process by itself, as any other.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
    for (const waiter of this.#waiters) {
      if (waiter.index > state.appliedIndex) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  reached(current: number, index: number, timeoutMs: number): Promise<void> {
    if (current >= index) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(new ServiceError('timeout', `Metadata did not reach index ${index} within ${timeoutMs} ms`));
      }, timeoutMs);
      const waiter: Waiter = {
        index,
        resolve: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      this.#waiters.add(waiter);
    });
  }
}
