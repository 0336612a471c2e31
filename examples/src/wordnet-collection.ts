import { setTimeout as sleep } from 'node:timers/promises';
import { rowOf } from './exact-search.js';
import type { ExampleData, Synset } from './example-data.js';
import type { RestClient } from './rest-client.js';
import { wordnetDimension } from './wordnet-set.js';

export const collectionName = 'wordnet';
const pointsPerRequest = 100;

export interface Hit {
  readonly id: number;
  readonly score: number;
  readonly payload: Synset;
}

/** How many points of the example the node holds already; null when it has no such collection. */
export async function loadedPoints(client: RestClient): Promise<number | null> {
  const { exists } = await client.call<{ exists: boolean }>('GET', `/collections/${collectionName}/exists`);
  if (!exists) return null;
  const { count } = await client.call<{ count: number }>('POST', `/collections/${collectionName}/points/count`, {
    exact: true,
  });
  return count;
}

export interface Placement {
  readonly shardNumber?: number;
  readonly replicationFactor?: number;
}

export async function createWordnet(client: RestClient, placement: Placement = {}): Promise<void> {
  await client.call('PUT', `/collections/${collectionName}`, {
    vectors: { size: wordnetDimension, distance: 'Cosine' },
    ...(placement.shardNumber === undefined ? {} : { shard_number: placement.shardNumber }),
    ...(placement.replicationFactor === undefined ? {} : { replication_factor: placement.replicationFactor }),
    // The sample holds fewer bytes than the threshold by default, and would be scanned without a graph.
    optimizers_config: { indexing_threshold: 1_000 },
  });
}

/** Field indexes for what the demonstration filters by. An index that is there already is left as it is. */
export async function indexFields(client: RestClient): Promise<void> {
  for (const [field, schema] of [
    ['pos', 'keyword'],
    ['category', 'keyword'],
    ['relations', 'integer'],
  ]) {
    await client.call('PUT', `/collections/${collectionName}/index?wait=true`, {
      field_name: field,
      field_schema: schema,
    });
  }
}

export async function loadWordnet(client: RestClient, data: ExampleData): Promise<void> {
  for (let start = 0; start < data.points.length; start += pointsPerRequest) {
    const points = data.points.slice(start, start + pointsPerRequest).map((point, index) => ({
      id: point.id,
      vector: Array.from(rowOf(data.vectors, start + index)),
      payload: point.payload,
    }));
    await client.call('PUT', `/collections/${collectionName}/points?wait=true`, { points });
  }
}

/** Waits until every point is in the graph; points are found before that too, by a scan. */
export async function waitUntilIndexed(client: RestClient, points: number, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    const info = await client.call<{ status: string; indexed_vectors_count: number; points_count: number }>(
      'GET',
      `/collections/${collectionName}`,
    );
    if (info.status === 'green' && info.points_count === points && info.indexed_vectors_count >= points) return;
    await sleep(50);
  }
  throw new Error(`the points are not all indexed after ${timeoutMs / 1000} s`);
}

export async function search(
  client: RestClient,
  vector: readonly number[],
  limit: number,
  filter: object | null,
): Promise<readonly Hit[]> {
  const body = { query: vector, limit, with_payload: true, ...(filter === null ? {} : { filter }) };
  const { points } = await client.call<{ points: Hit[] }>('POST', `/collections/${collectionName}/points/query`, body);
  return points;
}
