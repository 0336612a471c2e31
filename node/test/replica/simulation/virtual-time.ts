/** Time that passes when everything at hand is done. One seed gives one history. */
import type { ReplicaClock } from '../../../src/replica/replica-clock.js';
import type { Random } from '../../faults/seeded-random.js';

interface Due {
  readonly atMs: number;
  readonly order: number;
  work: (() => void) | null;
}

export class VirtualTime implements ReplicaClock {
  readonly random: Random;
  #nowMs = 0;
  #order = 0;
  /** A binary heap by time, then by order. */
  readonly #heap: Due[] = [];

  constructor(random: Random) {
    this.random = random;
  }

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, work: () => void): () => void {
    const due: Due = { atMs: this.#nowMs + Math.max(0, delayMs), order: (this.#order += 1), work };
    this.#push(due);
    return () => {
      due.work = null;
    };
  }

  pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, resolve);
    });
  }

  /** A random pause from `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.random() * (most - least);
  }

  /** Runs what falls due until `untilMs`, or until `done` holds at a full `checkMs`. Resolves to whether it did. */
  async run(untilMs: number, checkMs: number, done: () => boolean): Promise<boolean> {
    let nextCheckMs = this.#nowMs + checkMs;
    for (;;) {
      await drained();
      const due = this.#pop();
      if (due === null) return done();
      if (due.atMs > untilMs) {
        this.#push(due);
        this.#nowMs = untilMs;
        return done();
      }
      if (due.atMs >= nextCheckMs) {
        nextCheckMs = due.atMs + checkMs;
        if (done()) {
          this.#push(due);
          return true;
        }
      }
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      due.work?.();
    }
  }

  #before(a: Due, b: Due): boolean {
    return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  }

  #push(due: Due): void {
    const heap = this.#heap;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !this.#before(due, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = due;
  }

  #pop(): Due | null {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return null;
    if (heap.length === 0) return first.work === null ? null : first;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      if (left === undefined) break;
      const rightFirst = right !== undefined && this.#before(right, left);
      const child = rightFirst ? right : left;
      if (!this.#before(child, last)) break;
      heap[at] = child;
      at = rightFirst ? 2 * at + 2 : 2 * at + 1;
    }
    heap[at] = last;
    return first.work === null ? this.#pop() : first;
  }
}

/** Resolves when no promise has anything left to do. */
function drained(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
