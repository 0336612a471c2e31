/**
 * Finds the ranges in which an Active replica differs from the leader, and replaces them. Writes go on, and a
 * comparison that falls between them finds a difference that is none: it is made again before it counts.
 */
import type { PeerId } from '../metadata/peer-id.js';
import type { ReplicaClock } from '../replica/replica-clock.js';
import type { CopySource } from './copy-shard.js';
import { checkGoesOn, pauseOrEnded } from './task-end.js';

export interface RepairOptions {
  readonly peer: PeerId;
  readonly signal: AbortSignal;
  readonly clock: ReplicaClock;
  /** Pauses between ranges, as a multiple of the time that comparing the range before took. */
  readonly restFactor: number;
  readonly onRepairedRange: () => void;
}

interface Bounds {
  readonly after: Uint8Array | null;
  readonly to: Uint8Array | null;
}

/** Points of a range that is replaced. */
const replacedPoints = 64;

/** Points of a range: what is compared first, and then in what differs. */
const sizes: readonly number[] = [4_096, 512, replacedPoints];

/** What is on its way to the replica gets there in this time, before a range is compared again. */
const comparisonPausesMs = [20, 100] as const;

class ShardRepair {
  readonly #source: CopySource;
  readonly #options: RepairOptions;

  constructor(source: CopySource, options: RepairOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** `level`: the place among `sizes`. */
  async conform({ after: first, to: end }: Bounds, level: number): Promise<void> {
    const { peer, clock, signal, restFactor } = this.#options;
    const limit = sizes[level] ?? replacedPoints;
    for (let after = first; ;) {
      checkGoesOn(signal);
      const startedMs = clock.now();
      const digest = await this.#source.digest({ after, to: end, limit });
      const to = digest.more ? digest.last : end;
      const bounds = { after, to };
      const equal = await this.#source.isEqual(peer, bounds, digest.digest);
      // Where something differs there is more to do than to compare, and little of it.
      const restMs = level === 0 ? (clock.now() - startedMs) * restFactor : 0;
      if (!equal && level + 1 < sizes.length) await this.conform(bounds, level + 1);
      else if (!equal && !(await this.#becomesEqual(bounds))) await this.#replace(bounds);
      if (!digest.more) return;
      after = to;
      if (restMs > 0) await pauseOrEnded(clock, signal, restMs);
    }
  }

  async #becomesEqual(bounds: Bounds): Promise<boolean> {
    const { peer, clock, signal } = this.#options;
    for (const pauseMs of comparisonPausesMs) {
      await pauseOrEnded(clock, signal, pauseMs);
      const { digest } = await this.#source.digest({ ...bounds, limit: everyPoint });
      if (await this.#source.isEqual(peer, bounds, digest)) return true;
    }
    return false;
  }

  async #replace({ after: first, to }: Bounds): Promise<void> {
    for (let after = first; ;) {
      checkGoesOn(this.#options.signal);
      const { last } = await this.#source.sendReplacement(this.#options.peer, { after, to, limit: 4 * replacedPoints });
      this.#options.onRepairedRange();
      if (last === null) return;
      after = last;
    }
  }
}

/** More than any range holds. */
const everyPoint = 2 ** 32 - 1;

/** Resolves when everything was equal, or is by now. Rejects like `copyShard`. */
export function repairShard(source: CopySource, options: RepairOptions): Promise<void> {
  return new ShardRepair(source, options).conform({ after: null, to: null }, 0);
}
