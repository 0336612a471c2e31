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

const uuid = '936da01f-9abd-4d9d-80c7-02af85c822a8';

const points = [
  { id: 1, vector: [1, 0, 0, 0], payload: { city: 'Berlin', n: 1, tags: ['a', 'b'] } },
  { id: 2, vector: [0.9, 0.1, 0, 0], payload: { city: 'London', n: 2, tags: [] } },
  { id: 3, vector: [0, 1, 0, 0], payload: { city: 'Berlin', n: 3, nested: { deep: [{ x: 1 }, { x: 2 }] } } },
  { id: 10, vector: [0, 0, 1, 0], payload: { n: null } },
  { id: uuid, vector: [0, 0, 0, 1] },
];

beforeEach(async () => {
  await client.deleteCollection('c');
  await client.createCollection('c', { vectors: { size: 4, distance: 'Dot' } });
  await client.upsert('c', { wait: true, points });
});

const ids = (found: readonly { readonly id: string | number }[]) => found.map(({ id }) => id);

async function payloadOf(id: number | string): Promise<unknown> {
  const [point] = await client.retrieve('c', { ids: [id] });
  return point?.payload;
}

describe('writing points', () => {
  it('answers with the state that it reached', async () => {
    const waited = await client.upsert('c', { wait: true, points: [{ id: 4, vector: [1, 1, 1, 1] }] });
    expect(waited).toEqual({ operation_id: expect.any(Number) as number, status: 'completed' });
    const unwaited = await client.upsert('c', { wait: false, points: [{ id: 4, vector: [1, 1, 1, 1] }] });
    expect(unwaited.status).toBe('acknowledged');
    expect(unwaited.operation_id).toBe((waited.operation_id ?? 0) + 1);
  });

  it('replaces vector and payload of a point that is there', async () => {
    await client.upsert('c', { wait: true, points: [{ id: 1, vector: [5, 6, 7, 8] }] });
    expect(await client.retrieve('c', { ids: [1], with_vector: true })).toEqual([
      { id: 1, vector: [5, 6, 7, 8], payload: {} },
    ]);
    expect((await client.count('c')).count).toBe(5);
  });

  it('takes the form of columns', async () => {
    await client.upsert('c', {
      wait: true,
      batch: {
        ids: [20, 21],
        vectors: [
          [1, 2, 3, 4],
          [5, 6, 7, 8],
        ],
        payloads: [{ k: 'v' }, null],
      },
    });
    expect(await client.retrieve('c', { ids: [20, 21], with_vector: true })).toEqual([
      { id: 20, vector: [1, 2, 3, 4], payload: { k: 'v' } },
      { id: 21, vector: [5, 6, 7, 8], payload: {} },
    ]);
  });

  it('deletes by ids and by filter', async () => {
    await client.delete('c', { wait: true, points: [1, 99] });
    await client.delete('c', { wait: true, filter: { must: [{ key: 'city', match: { value: 'London' } }] } });
    expect(ids((await client.scroll('c')).points)).toEqual([3, 10, uuid]);
  });

  it('deletes everything by an empty filter', async () => {
    await client.delete('c', { wait: true, filter: {} });
    expect((await client.count('c')).count).toBe(0);
  });

  it('is done in order within a batch', async () => {
    const results = await client.batchUpdate('c', {
      wait: true,
      operations: [
        { upsert: { points: [{ id: 50, vector: [1, 2, 3, 4], payload: { a: 1 } }] } },
        { set_payload: { payload: { b: 2 }, points: [50] } },
        { delete_payload: { keys: ['a'], points: [50] } },
        { update_vectors: { points: [{ id: 50, vector: [4, 3, 2, 1] }] } },
        { delete: { points: [1] } },
        { overwrite_payload: { payload: { c: 3 }, filter: { must: [{ has_id: [2] }] } } },
        { clear_payload: { points: [3] } },
      ],
    });
    expect(results.map(({ status }) => status)).toEqual(Array.from({ length: 7 }, () => 'completed'));
    expect(await client.retrieve('c', { ids: [50, 1, 2, 3], with_vector: true })).toEqual([
      { id: 50, vector: [4, 3, 2, 1], payload: { b: 2 } },
      { id: 2, vector: expect.anything() as number[], payload: { c: 3 } },
      { id: 3, vector: [0, 1, 0, 0], payload: {} },
    ]);
  });
});

describe('changing payloads', () => {
  it('merges at the root and at a key', async () => {
    await client.setPayload('c', { wait: true, payload: { city: 'Paris', new: true }, points: [1] });
    expect(await payloadOf(1)).toEqual({ city: 'Paris', n: 1, tags: ['a', 'b'], new: true });
    await client.setPayload('c', { wait: true, payload: { y: 2 }, key: 'nested', points: [3] });
    expect(await payloadOf(3)).toEqual({ city: 'Berlin', n: 3, nested: { deep: [{ x: 1 }, { x: 2 }], y: 2 } });
  });

  it('reaches the points of a filter', async () => {
    await client.setPayload('c', {
      wait: true,
      payload: { seen: 1 },
      filter: { must: [{ key: 'city', match: { value: 'Berlin' } }] },
    });
    const { points: seen } = await client.scroll('c', { filter: { must: [{ key: 'seen', match: { value: 1 } }] } });
    expect(ids(seen)).toEqual([1, 3]);
  });

  it('replaces, removes keys and clears', async () => {
    await client.overwritePayload('c', { wait: true, payload: { only: 1 }, points: [1] });
    expect(await payloadOf(1)).toEqual({ only: 1 });
    await client.deletePayload('c', { wait: true, keys: ['city', 'nested.deep[].x', 'none'], points: [3] });
    expect(await payloadOf(3)).toEqual({ n: 3, nested: { deep: [{}, {}] } });
    await client.clearPayload('c', { wait: true, points: [2] });
    expect(await payloadOf(2)).toEqual({});
  });

  it('says which point is not there', async () => {
    const reply = await call('POST', '/collections/c/points/payload?wait=true', { payload: { a: 1 }, points: [77] });
    expect([reply.status, errorText(reply)]).toEqual([404, 'Not found: No point with id 77 found']);
  });
});

describe('named vectors', () => {
  beforeEach(async () => {
    await client.deleteCollection('v');
    await client.createCollection('v', {
      vectors: {
        a: { size: 2, distance: 'Euclid' },
        m: { size: 2, distance: 'Dot', multivector_config: { comparator: 'max_sim' } },
      },
      sparse_vectors: { s: {} },
    });
    await client.upsert('v', {
      wait: true,
      points: [
        {
          id: 1,
          vector: {
            a: [1, 2],
            m: [
              [1, 2],
              [3, 4],
            ],
            s: { indices: [7, 3], values: [0.5, 1.5] },
          },
        },
        { id: 2, vector: { a: [3, 4] } },
        { id: 3, vector: {} },
      ],
    });
  });

  it('come back as they were written', async () => {
    const found = await client.retrieve('v', { ids: [1, 2, 3], with_vector: true, with_payload: false });
    expect(found.map(({ vector }) => vector)).toEqual([
      {
        a: [1, 2],
        m: [
          [1, 2],
          [3, 4],
        ],
        s: { indices: [3, 7], values: [1.5, 0.5] },
      },
      { a: [3, 4] },
      {},
    ]);
    const [only] = await client.retrieve('v', { ids: [1], with_vector: ['a'] });
    expect(only?.vector).toEqual({ a: [1, 2] });
  });

  it('are searched by name', async () => {
    expect(ids(await client.search('v', { vector: { name: 'a', vector: [3, 4] }, limit: 5 }))).toEqual([2, 1]);
    expect(ids((await client.query('v', { query: [1, 2], using: 'a', limit: 5 })).points)).toEqual([1, 2]);
    const withVector = { must: [{ has_vector: 's' }] };
    expect(ids((await client.scroll('v', { filter: withVector })).points)).toEqual([1]);
  });

  it('are replaced and removed one by one', async () => {
    await client.updateVectors('v', { wait: true, points: [{ id: 2, vector: { a: [9, 9] } }] });
    await client.deleteVectors('v', { wait: true, vector: ['a', 's'], points: [1] });
    const found = await client.retrieve('v', { ids: [1, 2], with_vector: true });
    expect(found.map(({ vector }) => vector)).toEqual([
      {
        m: [
          [1, 2],
          [3, 4],
        ],
      },
      { a: [9, 9] },
    ]);
    expect(ids(await client.search('v', { vector: { name: 'a', vector: [0, 0] }, limit: 5 }))).toEqual([2]);
  });
});

describe('reading points', () => {
  it('gives one with everything', async () => {
    const reply = await call('GET', '/collections/c/points/1');
    expect(reply.json.result).toEqual({ id: 1, payload: points[0]?.payload, vector: [1, 0, 0, 0] });
    expect((await call('GET', `/collections/c/points/${uuid.toUpperCase()}`)).json.result).toMatchObject({ id: uuid });
    const missing = await call('GET', '/collections/c/points/77');
    expect([missing.status, errorText(missing)]).toEqual([404, 'Not found: Point with id 77 does not exists!']);
    expect((await call('GET', '/collections/c/points/abc')).status).toBe(400);
  });

  it('gives several in the order asked, with what is asked of them', async () => {
    const found = await client.retrieve('c', { ids: [3, 99, 1], with_payload: ['city', 'nested.deep[].x'] });
    expect(found).toEqual([
      { id: 3, payload: { city: 'Berlin', nested: { deep: [{ x: 1 }, { x: 2 }] } } },
      { id: 1, payload: { city: 'Berlin' } },
    ]);
    const without = await client.retrieve('c', { ids: [1], with_payload: { exclude: ['tags', 'n'] } });
    expect(without).toEqual([{ id: 1, payload: { city: 'Berlin' } }]);
    expect(await client.retrieve('c', { ids: [1], with_payload: false })).toEqual([{ id: 1 }]);
  });

  it('pages through all of them in the order of their ids', async () => {
    const first = await client.scroll('c', { limit: 2 });
    expect([ids(first.points), first.next_page_offset]).toEqual([[1, 2], 3]);
    const second = await client.scroll('c', { limit: 2, offset: 3 });
    expect([ids(second.points), second.next_page_offset]).toEqual([[3, 10], uuid]);
    const third = await client.scroll('c', { limit: 2, offset: uuid });
    expect([ids(third.points), third.next_page_offset]).toEqual([[uuid], null]);
    const between = await client.scroll('c', { offset: 4 });
    expect(ids(between.points)).toEqual([10, uuid]);
  });

  it('counts exactly and approximately', async () => {
    const filter = { must: [{ key: 'city', match: { value: 'Berlin' } }] };
    expect((await client.count('c', { filter })).count).toBe(2);
    expect((await client.count('c', { filter, exact: false })).count).toBeLessThanOrEqual(5);
    expect((await call('POST', '/collections/c/points/count', {})).json.result).toEqual({ count: 5 });
  });
});

describe('filters', () => {
  const table: readonly [string, object, readonly (number | string)[]][] = [
    ['match value', { must: [{ key: 'city', match: { value: 'Berlin' } }] }, [1, 3]],
    ['match any', { must: [{ key: 'n', match: { any: [1, 2] } }] }, [1, 2]],
    ['match except', { must: [{ key: 'city', match: { except: ['Berlin'] } }] }, [2]],
    ['an element of an array', { must: [{ key: 'tags', match: { value: 'b' } }] }, [1]],
    ['range', { must: [{ key: 'n', range: { gt: 1, lte: 3 } }] }, [2, 3]],
    ['has_id', { must: [{ has_id: [1, 99, uuid] }] }, [1, uuid]],
    ['has_id of many', { must: [{ has_id: Array.from({ length: 40 }, (_, index) => index) }] }, [1, 2, 3, 10]],
    ['is_empty', { must: [{ is_empty: { key: 'tags' } }] }, [2, 3, 10, uuid]],
    ['is_null', { must: [{ is_null: { key: 'n' } }] }, [10]],
    ['values_count', { must: [{ key: 'tags', values_count: { gte: 1 } }] }, [1]],
    ['a nested key', { must: [{ key: 'nested.deep[].x', match: { value: 2 } }] }, [3]],
    ['should', { should: [{ has_id: [1] }, { key: 'n', match: { value: 2 } }] }, [1, 2]],
    ['must_not', { must_not: [{ key: 'city', match: { value: 'Berlin' } }] }, [2, 10, uuid]],
    ['min_should', { min_should: { conditions: [{ has_id: [1, 2] }, { has_id: [2, 3] }], min_count: 2 } }, [2]],
    [
      'a filter in a filter',
      { must: [{ should: [{ has_id: [1] }, { has_id: [2] }] }], must_not: [{ has_id: [1] }] },
      [2],
    ],
    ['one condition without a list', { must: { has_id: [1] } }, [1]],
    ['nothing', {}, [1, 2, 3, 10, uuid]],
  ];
  it.each(table)('%s', async (_name, filter, expected) => {
    expect(ids((await client.scroll('c', { filter })).points)).toEqual(expected);
    const found = await client.search('c', { vector: [1, 1, 1, 1], filter, limit: 10, params: { exact: true } });
    expect(new Set(ids(found))).toEqual(new Set(expected));
    expect((await client.count('c', { filter })).count).toBe(expected.length);
  });

  it('find the same with indexes as without', async () => {
    for (const [field_name, field_schema] of [
      ['city', 'keyword'],
      ['n', 'integer'],
      ['tags', 'keyword'],
      ['nested.deep[].x', 'integer'],
    ] as const) {
      await client.createPayloadIndex('c', { field_name, field_schema, wait: true });
    }
    for (const [, filter, expected] of table) {
      expect(ids((await client.scroll('c', { filter })).points)).toEqual(expected);
    }
  });
});

describe('searching', () => {
  it('orders by score, best first', async () => {
    const found = await client.search('c', { vector: [1, 0, 0, 0], limit: 2, with_payload: false });
    expect(found).toEqual([
      { id: 1, version: expect.any(Number) as number, score: 1 },
      { id: 2, version: expect.any(Number) as number, score: 0.9 },
    ]);
    expect(await client.query('c', { query: [1, 0, 0, 0], limit: 2 })).toEqual({ points: found });
  });

  it('takes threshold, offset, selectors and parameters', async () => {
    const base = { vector: [1, 0, 0, 0], limit: 10 };
    expect(ids(await client.search('c', { ...base, score_threshold: 0.5 }))).toEqual([1, 2]);
    expect(ids(await client.search('c', { ...base, score_threshold: 0.5, offset: 1 }))).toEqual([2]);
    expect(ids(await client.search('c', { ...base, offset: 100 }))).toEqual([]);
    expect(
      ids(await client.search('c', { ...base, score_threshold: 0.5, params: { hnsw_ef: 4, exact: true } })),
    ).toEqual([1, 2]);
    const [first] = await client.search('c', { ...base, limit: 1, with_payload: ['city'], with_vector: true });
    expect(first).toMatchObject({ payload: { city: 'Berlin' }, vector: [1, 0, 0, 0] });
  });

  it('by a point leaves that point out', async () => {
    expect(ids((await client.query('c', { query: 1, limit: 2 })).points)[0]).toBe(2);
    const found = await client.query('c', { query: uuid, limit: 10, filter: { must: [{ has_id: [1, uuid] }] } });
    expect(ids(found.points)).toEqual([1]);
    const missing = await call('POST', '/collections/c/points/query', { query: 77 });
    expect([missing.status, errorText(missing)]).toEqual([404, 'Not found: No point with id 77 found']);
  });

  it('takes the query as an object, too', async () => {
    expect(ids((await client.query('c', { query: { nearest: [1, 0, 0, 0] }, limit: 1 })).points)).toEqual([1]);
    expect(ids((await client.query('c', { query: { nearest: 1 }, limit: 1 })).points)).toEqual([2]);
  });

  it('without a query gives points in the order of their ids', async () => {
    const { points: found } = await client.query('c', { limit: 2, offset: 1, with_payload: ['n'] });
    expect(found).toEqual([
      { id: 2, version: 0, score: 1, payload: { n: 2 } },
      { id: 3, version: 0, score: 1, payload: { n: 3 } },
    ]);
  });

  it('answers batches in their order', async () => {
    const searches = [
      { vector: [1, 0, 0, 0], limit: 1 },
      { vector: [0, 1, 0, 0], limit: 1 },
    ];
    expect((await client.searchBatch('c', { searches })).map(ids)).toEqual([[1], [3]]);
    const queries = [
      { query: [0, 0, 1, 0], limit: 1 },
      { query: 1, limit: 1 },
    ];
    expect((await client.queryBatch('c', { searches: queries })).map(({ points: found }) => ids(found))).toEqual([
      [10],
      [2],
    ]);
    expect((await call('POST', '/collections/c/points/search/batch', { searches: [] })).json.result).toEqual([]);
  });

  it('finds nothing in an empty collection', async () => {
    await client.delete('c', { wait: true, filter: {} });
    expect(await client.search('c', { vector: [1, 0, 0, 0], limit: 5 })).toEqual([]);
    expect((await client.query('c', { limit: 5 })).points).toEqual([]);
    expect(await client.scroll('c')).toEqual({ points: [], next_page_offset: null });
  });

  it.each([
    ['Cosine', [1, 2, 3]],
    ['Dot', [3, 2, 1]],
    ['Euclid', [1, 2, 3]],
    ['Manhattan', [1, 2, 3]],
  ] as const)('%s', async (distance, expected) => {
    await client.deleteCollection('d');
    await client.createCollection('d', { vectors: { size: 2, distance } });
    await client.upsert('d', {
      wait: true,
      points: [
        { id: 1, vector: [1, 0] },
        { id: 2, vector: [3, 1] },
        { id: 3, vector: [6, 6] },
      ],
    });
    expect(ids(await client.search('d', { vector: [1, 0], limit: 3 }))).toEqual(expected);
  });
});
