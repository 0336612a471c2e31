interface Scheduled {
  readonly time: number;
  readonly order: number;
  readonly run: () => void;
}

function isBefore(a: Scheduled, b: Scheduled): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}

/** A binary heap of what is to happen; events of one time happen in the order in which they were scheduled. */
export class EventQueue {
  now = 0;
  #order = 0;
  readonly #heap: Scheduled[] = [];

  after(delay: number, run: () => void): void {
    const heap = this.#heap;
    const event = { time: this.now + delay, order: (this.#order += 1), run };
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (isBefore(heap[parent]!, event)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  /** Runs the next event; false when there is none until `end`. */
  runNext(end: number): boolean {
    const first = this.#heap[0];
    if (first === undefined || first.time > end) {
      this.now = end;
      return false;
    }
    const last = this.#heap.pop()!;
    if (this.#heap.length > 0) this.#sink(last);
    this.now = first.time;
    first.run();
    return true;
  }

  #sink(event: Scheduled): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (isBefore(event, heap[child]!)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = event;
  }
}
