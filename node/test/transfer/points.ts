/** Operations that tests write, and the collections that they write to. */
import type { Collection } from '../../src/collection/collection.js';
import { deletePointsOperation, setPayloadOperation } from '../../src/collection/operation-encoding.js';
import { encodeIdsBlock } from '../../src/payload/point-id.js';
import { newCollectionConfig } from '../../src/service/new-collection-config.js';
import { settingsSchema } from '../../src/settings/settings.js';
import type { WriteResult } from '../../src/shard/write-result.js';
import { addon, type TestCluster } from './cluster-fixture.js';

const dimension = 4;

export function upsertOf(ids: readonly number[], revision = 0): Buffer {
  const points = ids.map((id) => ({ id, vector: [id, revision, 0.5, 1], payload: { id, revision } }));
  const body = Buffer.from(JSON.stringify({ points }));
  return addon.codec.parseUpsert(body, [{ name: '', kind: 'dense', dimension }]).operation;
}

export function deleteOf(ids: readonly number[]): Buffer {
  return deletePointsOperation(encodeIdsBlock(ids.map(BigInt)));
}

export function setOf(ids: readonly number[], payload: object): Buffer {
  return setPayloadOperation(encodeIdsBlock(ids.map(BigInt)), '', Buffer.from(JSON.stringify(payload)));
}

/** first, first + 1, ... */
export function idsFrom(first: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, place) => first + place);
}

const vectors = [
  { name: '', size: dimension, distance: 'Dot', datatype: null, onDisk: null, hnsw: null, multivector: null },
] as const;

/** With every shard on these peers; resolves when all of them are Active. */
export async function createCollection(
  cluster: TestCluster,
  name: string,
  peers: readonly number[],
  shardNumber = 1,
): Promise<number> {
  const config = newCollectionConfig(
    { vectors: [...vectors], sparseVectors: [], shardNumber, replicationFactor: peers.length },
    settingsSchema.parse({}),
  );
  const placement = Array.from({ length: shardNumber }, () => peers);
  const applied = cluster.agreement.agree({ kind: 'create-collection', name, config, placement });
  if (applied.rejection !== null) throw new Error(applied.rejection.reason);
  await cluster.untilActive(name, [...peers].sort());
  return applied.index;
}

export function collectionOn(cluster: TestCluster, name: string, peer: number): Collection {
  const collection = cluster.opened(peer).collections.get(name);
  if (collection === null) throw new Error(`node ${peer} does not know ${name}`);
  return collection;
}

export function write(
  cluster: TestCluster,
  name: string,
  peer: number,
  operation: Buffer,
  wait = true,
): Promise<WriteResult> {
  return collectionOn(cluster, name, peer).write(operation, { wait, ordering: 'weak', timeoutMs: 10_000 });
}

/** Points with the ids 1 to `count`. */
export async function fill(cluster: TestCluster, name: string, peer: number, count: number): Promise<void> {
  for (let first = 1; first <= count; first += 200) {
    await write(cluster, name, peer, upsertOf(idsFrom(first, Math.min(200, count - first + 1))), false);
  }
}
