/**
 * Runs functions one at a time in the order of arrival. A plain write that finds nobody inside goes
 * through without waiting for a turn of the event loop.
 */
export class ExclusiveSection {
  #tail: Promise<void> = Promise.resolve();
  #inside = 0;

  get idle(): boolean {
    return this.#inside === 0;
  }

  run<T>(body: () => Promise<T>): Promise<T> {
    this.#inside += 1;
    const result = this.#tail.then(body);
    this.#tail = result.then(
      () => this.#leave(),
      () => this.#leave(),
    );
    return result;
  }

  #leave(): void {
    this.#inside -= 1;
  }
}
