/** A collection of a cluster under test: small vectors, payloads that tell who wrote them, and what nodes have of it. */
import type { ClusterNode } from './cluster-node.js';

export interface StoredPoint {
  readonly id: number;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly vector: readonly number[];
}

export interface CreateOptions {
  readonly shards: number;
  readonly factor: number;
  readonly writeConsistency?: number;
}

const pageSize = 1000;

export const dimension = 4;

/** Whole numbers small enough to survive every datatype, different for different ids and rounds. */
export function vectorOf(id: number, round = 0): number[] {
  return [id % 101, Math.floor(id / 101) % 103, round % 107, 1];
}

export function pointOf(id: number, round = 0): StoredPoint {
  return { id, payload: { id, round }, vector: vectorOf(id, round) };
}

export class ClusterCollection {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  get path(): string {
    return `/collections/${this.name}`;
  }

  async create(node: ClusterNode, { shards, factor, writeConsistency = 1 }: CreateOptions): Promise<void> {
    await node.result('PUT', this.path, {
      vectors: { size: dimension, distance: 'Euclid' },
      shard_number: shards,
      replication_factor: factor,
      write_consistency_factor: writeConsistency,
    });
  }

  /** The status of the answer; 200 means that the points are promised to be there. */
  async upsert(node: ClusterNode, points: readonly StoredPoint[], query = '?wait=true'): Promise<number> {
    return (await node.call('PUT', `${this.path}/points${query}`, { points })).status;
  }

  async count(node: ClusterNode): Promise<number> {
    const result = await node.result('POST', `${this.path}/points/count`, { exact: true });
    return (result as { count: number }).count;
  }

  /** Everything, in the order of ids. A node reads its own replicas where it has them. */
  async points(node: ClusterNode, query = ''): Promise<readonly StoredPoint[]> {
    const found: StoredPoint[] = [];
    let offset: unknown = null;
    do {
      const page = (await node.result('POST', `${this.path}/points/scroll${query}`, {
        limit: pageSize,
        with_payload: true,
        with_vector: true,
        ...(offset === null ? {} : { offset }),
      })) as { points: StoredPoint[]; next_page_offset: unknown };
      for (const { id, payload, vector } of page.points) found.push({ id, payload, vector });
      offset = page.next_page_offset ?? null;
    } while (offset !== null);
    return found;
  }
}
