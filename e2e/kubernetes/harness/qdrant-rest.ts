/** Qdrant's REST API at one address, a pod's or that of a Service, as far as the scenarios need it. */
import { z } from 'zod';

const timeoutMs = 10_000;

const answer = z.looseObject({ result: z.unknown() });

const clusterInfo = z.looseObject({
  status: z.literal('enabled'),
  peer_id: z.number(),
  peers: z.record(z.string(), z.looseObject({ uri: z.string() })),
  raft_info: z.looseObject({ leader: z.number().nullish(), is_voter: z.boolean(), commit: z.number() }),
  consensus_thread_status: z.looseObject({ consensus_thread_status: z.string() }),
});
export type ClusterInfo = z.infer<typeof clusterInfo>;

const replica = { shard_id: z.number(), state: z.string() };
const collectionCluster = z.looseObject({
  local_shards: z.array(z.looseObject({ ...replica, points_count: z.number() })),
  remote_shards: z.array(z.looseObject({ ...replica, peer_id: z.number() })),
  shard_transfers: z.array(z.unknown()),
});
export type CollectionCluster = z.infer<typeof collectionCluster>;

const points = z.array(z.looseObject({ id: z.number() }));

export interface CollectionOptions {
  readonly shards: number;
  readonly factor: number;
}

export const dimension = 4;

/** Different for different ids, and small whole numbers, which no datatype rounds. */
export function vectorOf(id: number): number[] {
  return [id % 101, Math.floor(id / 101) % 103, 1, 2];
}

export class QdrantRest {
  readonly #base: string;

  constructor(host: string, port = 6333) {
    this.#base = `http://${host}:${port}`;
  }

  async cluster(): Promise<ClusterInfo> {
    return clusterInfo.parse(await this.call('GET', '/cluster'));
  }

  async collections(): Promise<string[]> {
    const list = z.looseObject({ collections: z.array(z.looseObject({ name: z.string() })) });
    return list.parse(await this.call('GET', '/collections')).collections.map(({ name }) => name);
  }

  async collectionCluster(collection: string): Promise<CollectionCluster> {
    return collectionCluster.parse(await this.call('GET', `/collections/${collection}/cluster`));
  }

  async createCollection(collection: string, options: CollectionOptions): Promise<void> {
    await this.call('PUT', `/collections/${collection}?timeout=30`, {
      vectors: { size: dimension, distance: 'Euclid' },
      shard_number: options.shards,
      replication_factor: options.factor,
      write_consistency_factor: options.factor,
    });
  }

  /** Resolves when all are written on as many replicas as the collection asks for. */
  async upsert(collection: string, ids: readonly number[]): Promise<void> {
    await this.call('PUT', `/collections/${collection}/points?wait=true`, {
      points: ids.map((id) => ({ id, vector: vectorOf(id), payload: { id } })),
    });
  }

  async search(collection: string, vector: readonly number[], limit: number): Promise<number[]> {
    const found = await this.call('POST', `/collections/${collection}/points/search`, { vector, limit });
    return points.parse(found).map(({ id }) => id);
  }

  async existing(collection: string, ids: readonly number[]): Promise<number[]> {
    const found = await this.call('POST', `/collections/${collection}/points`, { ids, with_payload: false });
    return points.parse(found).map(({ id }) => id);
  }

  async count(collection: string): Promise<number> {
    const counted = await this.call('POST', `/collections/${collection}/points/count`, { exact: true });
    return z.looseObject({ count: z.number() }).parse(counted).count;
  }

  /** The `result` of what is answered; an error has the status and the text. */
  async call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.#base}${path}`, {
      method,
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
    return answer.parse(JSON.parse(text)).result;
  }
}
