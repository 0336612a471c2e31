/** Random steps of one writer on points of its own, the same for the same seed and history. */
import { randomBelow, type Random } from '../faults/seeded-random.js';
import { afterStep, vectorNames } from './point-model.js';
import type { Id, Payload, Point, Points, Selector, Step, VectorName, Vectors } from './point-model.js';

/** Values that float16 holds exactly. */
const halves = (random: Random, count: number): number[] =>
  Array.from({ length: count }, () => (randomBelow(random, 256) - 128) / 8);

const integers = (random: Random, count: number, below: number): number[] =>
  Array.from({ length: count }, () => randomBelow(random, below));

export const collectionOfSteps = {
  vectors: {
    dense: { size: 8, distance: 'Euclid' },
    half: { size: 6, distance: 'Euclid', datatype: 'float16' },
    bytes: { size: 8, distance: 'Euclid', datatype: 'uint8' },
    multi: { size: 3, distance: 'Dot', multivector_config: { comparator: 'max_sim' } },
  },
  sparse_vectors: { sparse: {} },
  hnsw_config: { m: 8, ef_construct: 32, full_scan_threshold: 1 },
  // Graphs, checkpoints and vacuums come early and often.
  optimizers_config: {
    indexing_threshold: 1,
    flush_interval_sec: 1,
    deleted_threshold: 0.1,
    vacuum_min_vector_number: 100,
  },
  wal_config: { wal_capacity_mb: 1 },
};

const bucketCount = 6;
const idsPerWriter = 60;

/** Which writer a point belongs to: UUIDs end in the number that integer ids are. */
export function writerOf(id: Id): number {
  return Math.floor((typeof id === 'number' ? id : parseInt(id.slice(-12), 16)) / idsPerWriter);
}

export const tags = ['red', 'green', 'blue', 'Grüße'] as const;

export class RandomSteps {
  readonly owner: string;
  readonly #writer: number;
  readonly #random: Random;
  #counter = 0;

  constructor(writer: number, random: Random) {
    this.owner = `writer ${writer}`;
    this.#writer = writer;
    this.#random = random;
  }

  get random(): Random {
    return this.#random;
  }

  /** What one request does to `points`. */
  next(points: Points): readonly Step[] {
    const count = randomBelow(this.#random, 8) === 0 ? 3 : 1;
    const steps: Step[] = [];
    let now = points;
    for (let index = 0; index < count; index += 1) {
      const step = this.#step(now);
      steps.push(step);
      now = afterStep(now, step);
    }
    return steps;
  }

  #step(points: Points): Step {
    const dice = points.size < 10 ? 0 : randomBelow(this.#random, 20);
    const selector = this.#selector(points);
    if (dice < 10) return { kind: 'upsert', points: this.#newPoints() };
    if (dice < 11) return { kind: 'delete', selector };
    if (dice < 13) return { kind: 'set_payload', selector, payload: this.#somePayload() };
    if (dice < 14) return { kind: 'overwrite_payload', selector, payload: this.#payload() };
    if (dice < 15) return { kind: 'delete_payload', selector, keys: ['tag', 'plain_tag', 'note'] };
    if (dice < 16) return { kind: 'clear_payload', selector };
    if (dice < 18) return this.#updateVectors(points);
    return { kind: 'delete_vectors', selector, names: [this.#vectorName()] };
  }

  #updateVectors(points: Points): Step {
    const changed = this.#existing(points).map((id) => {
      const all = this.#vectors();
      const names = vectorNames.filter((name) => all[name] !== undefined);
      const name = names[randomBelow(this.#random, names.length)] ?? 'dense';
      return { id, vectors: { [name]: all[name] } };
    });
    return { kind: 'update_vectors', points: changed };
  }

  #selector(points: Points): Selector {
    return randomBelow(this.#random, 3) === 0
      ? { by: 'filter', owner: this.owner, bucket: randomBelow(this.#random, bucketCount) }
      : { by: 'ids', ids: this.#existing(points) };
  }

  #existing(points: Points): readonly Id[] {
    const ids = [...points.keys()];
    const chosen = Array.from({ length: 1 + randomBelow(this.#random, 3) }, () => {
      const id = ids[randomBelow(this.#random, Math.max(1, ids.length))];
      return id ?? this.#id();
    });
    return [...new Set(chosen)];
  }

  #newPoints(): readonly (Point & { readonly id: Id })[] {
    const ids = Array.from({ length: 1 + randomBelow(this.#random, 6) }, () => this.#id());
    return [...new Set(ids)].map((id) => ({ id, vectors: this.#vectors(), payload: this.#payload() }));
  }

  #id(): Id {
    const index = this.#writer * idsPerWriter + randomBelow(this.#random, idsPerWriter);
    if (index % 5 !== 0) return index;
    return `0000${(index % 7).toString(16)}000-1000-4000-8000-${index.toString(16).padStart(12, '0')}`;
  }

  #vectorName(): VectorName {
    return vectorNames[randomBelow(this.#random, vectorNames.length)] ?? 'dense';
  }

  /** `dense` and the like start with what no other version of any point has, as large as the rest. */
  #vectors(): Vectors {
    const random = this.#random;
    const version = (this.#counter += 1);
    const multi = Array.from({ length: 1 + randomBelow(random, 4) }, () => halves(random, 3));
    const unique = [version % 256, version >> 8, this.#writer];
    const all: Vectors = {
      dense: [...unique.map((part) => (part - 128) / 8), ...halves(random, 5)],
      half: [...unique.map((part) => (part - 128) / 8), ...halves(random, 3)],
      bytes: [...unique, ...integers(random, 5, 256)],
      multi,
      sparse: { indices: [1 + randomBelow(random, 50), 100 + randomBelow(random, 1000)], values: halves(random, 2) },
    };
    const left = this.#random() < 0.3 ? this.#vectorName() : null;
    return Object.fromEntries(Object.entries(all).filter(([name]) => name !== left));
  }

  #somePayload(): Payload {
    const tag = tags[randomBelow(this.#random, tags.length)] ?? 'red';
    return { tag, plain_tag: tag, counter: (this.#counter += 1) };
  }

  #payload(): Payload {
    const number = randomBelow(this.#random, 50);
    // Large enough at times that the log passes the ends of segments.
    const note = 'x'.repeat(randomBelow(this.#random, 8) === 0 ? 40_000 : 20);
    return {
      ...this.#somePayload(),
      owner: this.owner,
      bucket: randomBelow(this.#random, bucketCount),
      // The same values twice: under the first name they are indexed at times, under the second never.
      number,
      plain_number: number,
      big: 9_007_199_254_740_993n + BigInt(number),
      list: [number, 'two', null, true],
      note,
    };
  }
}
