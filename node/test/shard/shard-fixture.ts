/** Shards in temporary folders, and the bytes that tests send to them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { loadAddon, type NativeAddon, type NativeStore, type ShardSchema } from '../../src/engine/addon.js';
import { compileFilter } from '../../src/payload/compile-filter.js';
import { encodeIdsBlock } from '../../src/payload/point-id.js';
import { encodePayloadSelector, encodeVectorSelector } from '../../src/payload/selectors.js';
import { LocalShard } from '../../src/shard/local-shard.js';
import { defaultLogOptions, defaultShardPolicy, type ShardPolicy } from '../../src/shard/shard-policy.js';

export const addon: NativeAddon = loadAddon();

export const schema: ShardSchema = {
  vectors: [
    {
      kind: 'dense',
      name: '',
      dimension: 4,
      distance: 'Dot',
      datatype: 'float32',
      m: 8,
      efConstruct: 32,
      walk: 'codes',
    },
  ],
  indexingThresholdBytes: 1024,
  fullScanThresholdBytes: 1024,
};

export const everyPayload = encodePayloadSelector({ mode: 'all' });
export const noVectors = encodeVectorSelector({ mode: 'none' });
export const everyVector = encodeVectorSelector({ mode: 'all' });

export interface TestPoint {
  readonly id: number;
  readonly vector: readonly number[];
  readonly payload: Readonly<Record<string, unknown>>;
}

export function upsertOf(points: readonly TestPoint[]): Buffer {
  const body = Buffer.from(JSON.stringify({ points }));
  return addon.codec.parseUpsert(body, [{ name: '', kind: 'dense', dimension: 4 }]).operation;
}

/** An operation that has an ids block and nothing else: 2 deletes the points, 6 clears their payloads. */
export function idsOperation(kind: 2 | 6, ids: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([1, kind]), Buffer.alloc(20), ids]);
}

export function deleteOf(ids: readonly number[]): Buffer {
  return idsOperation(2, encodeIdsBlock(ids.map(BigInt)));
}

export function whereInteger(key: string, value: number): Uint8Array {
  const program = compileFilter({
    must: [{ kind: 'match', key, match: { type: 'integer', values: [BigInt(value)] } }],
    should: [],
    mustNot: [],
  });
  if (program === null) throw new Error('a filter with a condition compiles to a program');
  return program;
}

export interface PointRecord {
  readonly id: number;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly vector?: readonly number[];
}

/** Points of a batch, as REST prints them. */
export function recordsOf(batch: Uint8Array): readonly PointRecord[] {
  return JSON.parse(addon.codec.pointsToJson(batch, 'record').toString()) as PointRecord[];
}

export interface OpenShard {
  readonly shard: LocalShard;
  readonly store: NativeStore;
  readonly errors: Error[];
  readonly close: () => Promise<void>;
}

export async function openShard(
  folder: string,
  policy: Partial<ShardPolicy> = {},
  shardSchema: ShardSchema = schema,
): Promise<OpenShard> {
  const store = await addon.openStore(join(folder, 'rocksdb'), { blockCacheBytes: 8 << 20 });
  const errors: Error[] = [];
  const shard = await LocalShard.open({
    addon,
    directory: join(folder, 'shard'),
    store,
    collection: 1,
    shard: 0,
    schema: shardSchema,
    log: defaultLogOptions,
    policy: { ...defaultShardPolicy, ...policy },
    onBackgroundError: (error) => errors.push(error),
  });
  const close = async (): Promise<void> => {
    await shard.close();
    await store.close();
  };
  return { shard, store, errors, close };
}

/** Runs `body` with a folder that is gone afterwards. */
export async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'vdb-shard-'));
  try {
    await body(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export async function allRecords(shard: LocalShard): Promise<readonly PointRecord[]> {
  const records: PointRecord[] = [];
  let from: Uint8Array | null = null;
  do {
    const page = await shard.scroll({ filter: null, from, limit: 100, payload: everyPayload, vectors: everyVector });
    records.push(...recordsOf(page.points));
    from = page.next;
  } while (from !== null);
  return records;
}
