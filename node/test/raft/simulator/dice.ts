import { seededRandom } from '../../faults/seeded-random.js';

/** The only source of chance in the simulator, so that a seed is a whole run. */
export class Dice {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
    // Neighbouring seeds start alike otherwise.
    for (let round = 0; round < 4; round += 1) this.#random();
  }

  chance(probability: number): boolean {
    return probability > 0 && this.#random() < probability;
  }

  /** From `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.#random() * (high - low + 1));
  }

  pick<T>(items: readonly T[]): T {
    return items[this.between(0, items.length - 1)]!;
  }

  maybe<T>(items: readonly T[]): T | undefined {
    return items.length === 0 ? undefined : this.pick(items);
  }

  random(): number {
    return this.#random();
  }
}
