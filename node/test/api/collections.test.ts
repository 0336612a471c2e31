import { QdrantClient } from '@qdrant/js-client-rest';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NodeProcess } from '../harness/node-process.js';
import { errorText, restCaller, type RestCaller } from '../harness/rest.js';

let node: NodeProcess;
let call: RestCaller;
let client: QdrantClient;

beforeAll(async () => {
  node = await NodeProcess.start();
  call = restCaller(node.url);
  client = new QdrantClient({ url: node.url });
});

afterAll(() => node.remove());

beforeEach(async () => {
  for (const { name } of (await client.getCollections()).collections) await client.deleteCollection(name);
});

const plain = { vectors: { size: 4, distance: 'Cosine' } } as const;

describe('a collection', () => {
  it('is created, listed, found and deleted', async () => {
    expect(await client.createCollection('a', plain)).toBe(true);
    expect(await client.createCollection('b', plain)).toBe(true);
    expect((await client.getCollections()).collections).toEqual([{ name: 'a' }, { name: 'b' }]);
    expect(await client.collectionExists('a')).toEqual({ exists: true });
    expect(await client.deleteCollection('a')).toBe(true);
    expect(await client.collectionExists('a')).toEqual({ exists: false });
    expect((await call('DELETE', '/collections/a')).json.result).toBe(false);
  });

  it('shows its whole configuration with the defaults', async () => {
    await client.createCollection('a', plain);
    expect(await client.getCollection('a')).toEqual({
      status: 'green',
      optimizer_status: 'ok',
      points_count: 0,
      indexed_vectors_count: 0,
      segments_count: 1,
      config: {
        params: {
          vectors: { size: 4, distance: 'Cosine' },
          shard_number: 1,
          replication_factor: 1,
          write_consistency_factor: 1,
          on_disk_payload: true,
        },
        hnsw_config: { m: 16, ef_construct: 100, full_scan_threshold: 10_000, max_indexing_threads: 0, on_disk: false },
        optimizer_config: {
          deleted_threshold: 0.2,
          vacuum_min_vector_number: 1000,
          default_segment_number: 0,
          max_segment_size: null,
          memmap_threshold: null,
          indexing_threshold: 10_000,
          flush_interval_sec: 5,
          max_optimization_threads: null,
        },
        wal_config: { wal_capacity_mb: 32, wal_segments_ahead: 0, wal_retain_closed: 1 },
        quantization_config: null,
        strict_mode_config: { enabled: false },
      },
      payload_schema: {},
    });
  });

  it('shows what it was created with', async () => {
    await client.createCollection('a', {
      vectors: {
        image: { size: 8, distance: 'Dot', hnsw_config: { m: 24 }, on_disk: true, datatype: 'float16' },
        text: { size: 4, distance: 'Manhattan', multivector_config: { comparator: 'max_sim' } },
        __proto__named: { size: 2, distance: 'Euclid', datatype: 'uint8' },
      },
      sparse_vectors: { words: { index: { on_disk: true, full_scan_threshold: 7 }, modifier: 'idf' }, bare: {} },
      hnsw_config: { ef_construct: 64, payload_m: 8 },
      optimizers_config: { indexing_threshold: 5, deleted_threshold: 0.5, default_segment_number: 2 },
      wal_config: { wal_capacity_mb: 1 },
      on_disk_payload: false,
      replication_factor: 2,
    });
    const { config } = await client.getCollection('a');
    expect(config.params).toEqual({
      vectors: {
        image: { size: 8, distance: 'Dot', hnsw_config: { m: 24 }, on_disk: true, datatype: 'float16' },
        text: { size: 4, distance: 'Manhattan', multivector_config: { comparator: 'max_sim' } },
        __proto__named: { size: 2, distance: 'Euclid', datatype: 'uint8' },
      },
      sparse_vectors: { words: { index: { on_disk: true, full_scan_threshold: 7 }, modifier: 'idf' }, bare: {} },
      shard_number: 1,
      replication_factor: 2,
      write_consistency_factor: 1,
      on_disk_payload: false,
    });
    expect(config.hnsw_config).toMatchObject({ m: 16, ef_construct: 64, payload_m: 8 });
    expect(config.optimizer_config).toMatchObject({
      indexing_threshold: 5,
      deleted_threshold: 0.5,
      default_segment_number: 2,
    });
    expect(config.wal_config?.wal_capacity_mb).toBe(1);
  });

  it('is changed field by field', async () => {
    await call('PUT', '/collections/a', { ...plain, metadata: { kept: 1, gone: 2 } });
    await call('PATCH', '/collections/a', {
      hnsw_config: { ef_construct: 50 },
      optimizers_config: { indexing_threshold: 123 },
      params: { replication_factor: 3, on_disk_payload: false },
      vectors: { '': { hnsw_config: { m: 4 }, on_disk: true } },
      metadata: { gone: null, added: { x: 1 } },
    });
    const { config } = await client.getCollection('a');
    expect(config.params).toMatchObject({
      vectors: { size: 4, hnsw_config: { m: 4 }, on_disk: true },
      replication_factor: 3,
      on_disk_payload: false,
    });
    expect(config.hnsw_config).toMatchObject({ m: 16, ef_construct: 50 });
    expect(config.optimizer_config.indexing_threshold).toBe(123);
    expect(config).toMatchObject({ metadata: { kept: 1, added: { x: 1 } } });
  });

  it('keeps metadata as it was written', async () => {
    await call(
      'PUT',
      '/collections/a',
      '{"vectors":{"size":1,"distance":"Dot"},"metadata":{"n":18446744073709551615,"f":1.0}}',
    );
    expect((await call('GET', '/collections/a')).text).toContain('"metadata":{"n":18446744073709551615,"f":1.0}');
  });

  it('may have any name that a folder can have', async () => {
    for (const name of ['größe', 'a b', 'x'.repeat(255), '日本', '__proto__', 'constructor']) {
      expect(await client.createCollection(name, plain)).toBe(true);
      expect((await call('GET', `/collections/${encodeURIComponent(name)}/exists`)).json.result).toEqual({
        exists: true,
      });
      expect((await call('DELETE', `/collections/${encodeURIComponent(name)}`)).json.result).toBe(true);
    }
  });

  it('starts empty when its name is used again', async () => {
    await client.createCollection('a', plain);
    await client.upsert('a', { wait: true, points: [{ id: 1, vector: [1, 0, 0, 0] }] });
    await client.deleteCollection('a');
    await client.createCollection('a', plain);
    expect((await client.count('a')).count).toBe(0);
  });
});

describe('payload indexes', () => {
  it('are shown with their type, parameters and number of points', async () => {
    await client.createCollection('a', plain);
    await client.upsert('a', {
      wait: true,
      points: [{ id: 1, vector: [1, 0, 0, 0], payload: { city: 'Berlin', n: 5 } }],
    });
    await client.createPayloadIndex('a', { field_name: 'city', field_schema: 'keyword', wait: true });
    await client.createPayloadIndex('a', {
      field_name: 'n',
      field_schema: { type: 'integer', lookup: true, range: false },
      wait: true,
    });
    expect((await client.getCollection('a')).payload_schema).toEqual({
      city: { data_type: 'keyword', points: 1 },
      n: { data_type: 'integer', params: { type: 'integer', lookup: true, range: false }, points: 1 },
    });
    await client.deletePayloadIndex('a', 'city', { wait: true });
    expect(Object.keys((await client.getCollection('a')).payload_schema)).toEqual(['n']);
  });

  it('change their type when they are created again', async () => {
    await client.createCollection('a', plain);
    for (const type of ['keyword', 'integer', 'float', 'bool', 'uuid'] as const) {
      await client.createPayloadIndex('a', { field_name: 'x', field_schema: type, wait: true });
      expect((await client.getCollection('a')).payload_schema['x']?.data_type).toBe(type);
    }
  });
});

describe('what a single node without aliases answers', () => {
  it.each([
    ['GET', '/cluster', 200, { status: 'disabled' }],
    ['GET', '/aliases', 200, { aliases: [] }],
    ['GET', '/issues', 200, { issues: [] }],
  ])('%s %s', async (method, path, status, expected) => {
    const reply = await call(method, path);
    expect([reply.status, reply.json.result]).toEqual([status, expected]);
  });

  it.each([
    ['POST', '/collections/a/cluster'],
    ['PUT', '/collections/a/shards'],
    ['DELETE', '/cluster/peer/1'],
    ['POST', '/cluster/recover'],
  ])('%s %s is a cluster operation', async (method, path) => {
    const reply = await call(method, path, '{}');
    expect([reply.status, errorText(reply)]).toEqual([405, 'Qdrant is running in standalone mode']);
  });

  it('lists no aliases of a collection that is there, and refuses one that is not', async () => {
    await client.createCollection('a', plain);
    expect((await call('GET', '/collections/a/aliases')).json.result).toEqual({ aliases: [] });
    expect((await call('GET', '/collections/b/aliases')).status).toBe(404);
  });
});

describe('creation is refused', () => {
  const vectors = '"vectors":{"size":4,"distance":"Cosine"}';
  const table: readonly [string, string, number, string][] = [
    ['an empty body', '', 400, 'Format error in JSON body'],
    ['no JSON', '{', 400, 'Format error in JSON body'],
    ['a list', '[]', 400, 'expected an object'],
    ['a null', 'null', 400, 'expected an object'],
    ['no size', '{"vectors":{"distance":"Dot"}}', 400, 'size'],
    ['size 0', '{"vectors":{"size":0,"distance":"Dot"}}', 422, 'vectors.size: value 0 invalid'],
    ['size 65537', '{"vectors":{"size":65537,"distance":"Dot"}}', 422, 'vectors.size'],
    ['a negative size', '{"vectors":{"size":-1,"distance":"Dot"}}', 400, 'vectors.size'],
    ['a size with a fraction', '{"vectors":{"size":1.5,"distance":"Dot"}}', 400, 'vectors.size'],
    ['a size of text', '{"vectors":{"size":"4","distance":"Dot"}}', 400, 'vectors.size'],
    ['no distance', '{"vectors":{"size":4}}', 400, 'distance'],
    ['an unknown distance', '{"vectors":{"size":4,"distance":"cosine"}}', 400, 'vectors.distance'],
    ['a distance of a number', '{"vectors":{"size":4,"distance":1}}', 400, 'vectors.distance'],
    ['a named vector without size', '{"vectors":{"a":{"distance":"Dot"}}}', 400, 'vectors.a'],
    ['vectors as list', '{"vectors":[]}', 400, 'vectors'],
    ['an unknown datatype', '{"vectors":{"size":4,"distance":"Dot","datatype":"int4"}}', 400, 'datatype'],
    ['ef_construct 3', `{${vectors},"hnsw_config":{"ef_construct":3}}`, 422, 'hnsw_config.ef_construct'],
    ['a huge m', `{${vectors},"hnsw_config":{"m":1000000000}}`, 422, 'hnsw_config.m'],
    ['deleted_threshold 2', `{${vectors},"optimizers_config":{"deleted_threshold":2}}`, 422, 'deleted_threshold'],
    ['shard_number 0', `{${vectors},"shard_number":0}`, 422, 'shard_number'],
    ['more shards than anybody needs', `{${vectors},"shard_number":1025}`, 400, 'shard_number'],
    ['replication_factor 0', `{${vectors},"replication_factor":0}`, 422, 'replication_factor'],
    ['quantization', `{${vectors},"quantization_config":{"scalar":{"type":"int8"}}}`, 400, 'quantization_config'],
    ['custom sharding', `{${vectors},"sharding_method":"custom"}`, 400, 'sharding_method'],
    ['strict mode', `{${vectors},"strict_mode_config":{"enabled":true}}`, 400, 'strict_mode_config.enabled'],
    ['on_disk_payload of text', `{${vectors},"on_disk_payload":"yes"}`, 400, 'on_disk_payload'],
    [
      'one name for two vectors',
      `{"vectors":{"a":{"size":4,"distance":"Dot"}},"sparse_vectors":{"a":{}}}`,
      400,
      'used twice',
    ],
    ['metadata that is no object', `{${vectors},"metadata":5}`, 400, ''],
  ];
  it.each(table)('with %s', async (_name, body, status, words) => {
    const reply = await call('PUT', '/collections/a', body);
    expect(reply.status).toBe(status);
    expect(errorText(reply)).toContain(words);
    expect((await client.getCollections()).collections).toEqual([]);
  });

  it.each(['%3Ca%3E', 'a%3Ab', '..', '%2E%2E', 'a%2Fb', 'x'.repeat(256)])('with the name %j', async (name) => {
    const reply = await call('PUT', `/collections/${name}`, plain);
    expect([404, 405, 422]).toContain(reply.status);
    expect((await client.getCollections()).collections).toEqual([]);
  });

  it('when the name is taken', async () => {
    await client.createCollection('a', plain);
    const reply = await call('PUT', '/collections/a', plain);
    expect([reply.status, errorText(reply)]).toEqual([409, 'Wrong input: Collection `a` already exists!']);
  });

  it('for all but one who ask for a name at once', async () => {
    const replies = await Promise.all(Array.from({ length: 8 }, () => call('PUT', '/collections/a', plain)));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 7 }, () => 409)]);
  });
});

describe('what is asked of no collection', () => {
  it.each([
    ['GET', '/collections/none'],
    ['PATCH', '/collections/none'],
    ['PUT', '/collections/none/points'],
    ['POST', '/collections/none/points/scroll'],
    ['GET', '/collections/none/points/1'],
  ])('%s %s is 404', async (method, path) => {
    const body = method === 'GET' ? undefined : { points: [{ id: 1, vector: [1] }] };
    const reply = await call(method, path, body);
    expect([reply.status, errorText(reply)]).toEqual([404, "Not found: Collection `none` doesn't exist!"]);
  });
});
