/**
 * Replication factors as they were last read. They seldom change, and reading one costs a request of its own for each
 * collection of each node: so they are read again after a minute, or when the collection's replicas are others.
 */
import type { CollectionPlacement } from './answers.js';

interface Entry {
  readonly factor: number;
  readonly replicas: string;
  readonly readAtMs: number;
}

const freshMs = 60_000;

/** Of 100 nodes with 1,000 collections each. */
const entriesMax = 100_000;

export class ReplicationFactors {
  readonly #entries = new Map<string, Entry>();
  readonly #monotonicMs: () => number;

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** `read` asks the node; null: the collection is gone. */
  async of(
    { podUid, collection, placement }: OfCollection,
    read: () => Promise<number | null>,
  ): Promise<number | null> {
    const key = `${podUid}/${collection}`;
    const replicas = replicasOf(placement);
    const known = this.#entries.get(key);
    const nowMs = this.#monotonicMs();
    if (known?.replicas === replicas && nowMs - known.readAtMs < freshMs) return known.factor;
    const factor = await read();
    // The map keeps the order in which entries were made, so the first one is the oldest.
    this.#entries.delete(key);
    if (factor === null) return null;
    this.#entries.set(key, { factor, replicas, readAtMs: nowMs });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > entriesMax && oldest !== undefined) this.#entries.delete(oldest);
    return factor;
  }
}

export interface OfCollection {
  readonly podUid: string;
  readonly collection: string;
  readonly placement: CollectionPlacement;
}

/** A text that changes when a replica comes or goes; states do not matter to the factor. */
function replicasOf({ replicas }: CollectionPlacement): string {
  return replicas
    .map(({ shard, peer }) => `${shard}@${peer}`)
    .sort()
    .join();
}
