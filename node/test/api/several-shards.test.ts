/** A collection of several shards answers as one of a single shard does, whatever is asked. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../faults/seeded-random.js';
import { NodeProcess } from '../harness/node-process.js';
import { errorText, restCaller, type RestCaller, type RestReply } from '../harness/rest.js';

const shards = 5;
const points = 300;

let node: NodeProcess;
let call: RestCaller;
const random = seededRandom(4711);

beforeAll(async () => {
  node = await NodeProcess.start();
  call = restCaller(node.url);
  for (const [name, shardNumber] of [
    ['one', 1],
    ['many', shards],
  ] as const) {
    const body = { vectors: { size: 4, distance: 'Euclid' }, shard_number: shardNumber };
    expect((await call('PUT', `/collections/${name}`, body)).status).toBe(200);
  }
  const uuid = (n: number) => `936da01f-9abd-4d9d-80c7-${n.toString(16).padStart(12, '0')}`;
  const list = Array.from({ length: points }, (_, n) => ({
    id: n % 3 === 0 ? uuid(n) : n,
    vector: Array.from({ length: 4 }, () => random()),
    payload: { n, group: `g${n % 7}` },
  }));
  const written = await both('PUT', '/points?wait=true', { points: list });
  expect(written.status).toBe(200);
});

afterAll(() => node.remove());

/** The answer of both collections, once they are found to be the same but for time and operation ids. */
async function both(method: string, path: string, body?: object): Promise<RestReply> {
  const [one, many] = await Promise.all(
    ['one', 'many'].map((name) => call(method, `/collections/${name}${path}`, body)),
  );
  if (one === undefined || many === undefined) throw new Error('an answer is missing');
  const plain = ({ text }: RestReply) =>
    text.replace(/,"time":[^,}]*}$/, '').replaceAll(/"(operation_id|version)":\d+/g, '"$1":0');
  expect(plain(many)).toBe(plain(one));
  expect(many.status).toBe(one.status);
  return many;
}

interface Found {
  readonly id: string | number;
}

interface Result {
  readonly count: number;
  readonly points: readonly Found[];
  readonly next_page_offset: string | number | null;
}

/** What answers have in them, as far as these tests look. */
function resultOf(reply: RestReply): Result {
  return reply.json.result as Result;
}

describe('reads', () => {
  it('count over all shards', async () => {
    expect(resultOf(await both('POST', '/points/count', {}))).toEqual({ count: points });
    const filter = { must: [{ key: 'group', match: { value: 'g3' } }] };
    expect(resultOf(await both('POST', '/points/count', { filter })).count).toBeGreaterThan(40);
  });

  it('scroll through all points in the order of ids, page by page', async () => {
    const seen: (string | number)[] = [];
    let offset: string | number | null = null;
    do {
      const body = { limit: 37, with_vector: true, ...(offset === null ? {} : { offset }) };
      const page = resultOf(await both('POST', '/points/scroll', body));
      seen.push(...page.points.map(({ id }) => id));
      offset = page.next_page_offset;
    } while (offset !== null);
    expect(new Set(seen).size).toBe(points);
    expect(seen).toHaveLength(points);
  });

  it('scroll with a page as large as what there is, and larger', async () => {
    for (const limit of [points - 1, points, points + 1, 4_000_000_000]) {
      const page = resultOf(await both('POST', '/points/scroll', { limit, with_payload: false }));
      expect(page.points).toHaveLength(Math.min(limit, points));
      expect(page.next_page_offset === null).toBe(limit >= points);
    }
  });

  it('retrieve in the order asked for', async () => {
    const ids = [298, 1, 77, 5000, 4, 250, 2];
    const found = (await both('POST', '/points', { ids, with_vector: true })).json.result as readonly Found[];
    expect(found.map(({ id }) => id)).toEqual([298, 1, 77, 4, 250, 2]);
    expect((await both('POST', '/points', { ids: [] })).json.result).toEqual([]);
  });

  it.each([
    { limit: 10 },
    { limit: 10, offset: 25 },
    { limit: 1, offset: points - 1 },
    { limit: 3, offset: points },
    { limit: 4_000_000_000 },
    { limit: 5, score_threshold: 0.4 },
    { limit: 5, filter: { must: [{ key: 'n', range: { gte: 100 } }] }, with_vector: true },
  ])('search %j', async (body) => {
    for (let round = 0; round < 5; round += 1) {
      const vector = Array.from({ length: 4 }, () => random());
      await both('POST', '/points/search', { vector, with_payload: true, ...body });
    }
  });

  it('search by the vector of a point, wherever it is', async () => {
    for (const id of [1, 2, 4, 5, 7, 8]) {
      const reply = await both('POST', '/points/query', { query: id, limit: 5 });
      const { points: found } = resultOf(reply);
      expect(found).toHaveLength(5);
      expect(found.map((point) => point.id)).not.toContain(id);
    }
    expect((await both('POST', '/points/query', { query: 100_000, limit: 5 })).status).toBe(404);
  });

  it('query without a query, in the order of ids', async () => {
    for (const offset of [0, 10, points - 2, points + 2]) await both('POST', '/points/query', { limit: 4, offset });
  });

  it('answer batches', async () => {
    const searches = Array.from({ length: 8 }, () => ({ vector: Array.from({ length: 4 }, () => random()), limit: 3 }));
    await both('POST', '/points/search/batch', { searches });
  });
});

describe('writes', () => {
  const count = async (filter: object) => resultOf(await both('POST', '/points/count', { filter }));
  const everything = () => both('POST', '/points/scroll', { limit: points * 2, with_vector: true });

  it('by ids reach the shards of the points', async () => {
    const ids = [1, 2, 4, 5, 7, 8, 10, 11];
    await both('POST', '/points/payload?wait=true', { points: ids, payload: { marked: true } });
    expect(await count({ must: [{ key: 'marked', match: { value: true } }] })).toEqual({ count: ids.length });
    await both('PUT', '/points/vectors?wait=true', { points: ids.map((id) => ({ id, vector: [id, 0, 0, 0] })) });
    await both('POST', '/points/delete?wait=true', { points: [10, 11, 99_999] });
    await everything();
  });

  it('by a filter find their points in every shard', async () => {
    const filter = { must: [{ key: 'group', match: { value: 'g5' } }] };
    await both('POST', '/points/payload?wait=true', { filter, payload: { deep: { x: 1 } }, key: 'inner' });
    await both('POST', '/points/payload/delete?wait=true', { filter, keys: ['n'] });
    await everything();
    await both('POST', '/points/delete?wait=true', { filter });
    expect(await count(filter)).toEqual({ count: 0 });
    await everything();
  });

  it('on no points at all are answered', async () => {
    const reply = await both('POST', '/points/delete?wait=true', { points: [] });
    expect(reply.json.result).toMatchObject({ status: 'completed' });
  });

  it('of a payload on a point that is in no shard name it', async () => {
    const reply = await both('POST', '/points/payload?wait=true', { points: [77_777], payload: { a: 1 } });
    expect(reply.status).toBe(404);
    expect(errorText(reply)).toContain('77777');
  });

  it('in batches are applied in order', async () => {
    const operations = [
      { upsert: { points: [{ id: 900, vector: [1, 1, 1, 1] }] } },
      { set_payload: { points: [900], payload: { a: 1 } } },
      { delete: { points: [900] } },
      { upsert: { points: [{ id: 901, vector: [1, 1, 1, 1] }] } },
    ];
    const reply = await both('POST', '/points/batch?wait=true', { operations });
    expect(reply.json.result).toHaveLength(operations.length);
    await everything();
  });
});

describe('the collection', () => {
  const info = async (name: string) => {
    const reply = await call('GET', `/collections/${name}`);
    return reply.json.result as Record<string, unknown>;
  };

  it('has the sum of its shards, and indexes in all of them', async () => {
    await both('PUT', '/index?wait=true', { field_name: 'group', field_schema: 'keyword' });
    const [one, many] = [await info('one'), await info('many')];
    expect(many).toMatchObject({ status: 'green', segments_count: shards, points_count: one['points_count'] });
    expect(many['payload_schema']).toEqual(one['payload_schema']);
    await both('DELETE', '/index/group?wait=true');
  });

  it('tells where its shards are', async () => {
    const reply = await call('GET', '/collections/many/cluster');
    const { local_shards, ...rest } = reply.json.result as {
      readonly local_shards: readonly { readonly shard_id: number; readonly points_count: number }[];
    };
    expect(rest).toMatchObject({ shard_count: shards, remote_shards: [], shard_transfers: [] });
    expect(local_shards.map(({ shard_id }) => shard_id)).toEqual([0, 1, 2, 3, 4]);
    const total = local_shards.reduce((sum, { points_count }) => sum + points_count, 0);
    expect(total).toBe((await info('many'))['points_count']);
    expect(local_shards.every(({ points_count }) => points_count > 0)).toBe(true);
  });

  it('is there again after a restart', async () => {
    const before = await call('POST', '/collections/many/points/scroll', { limit: points * 2 });
    await node.end();
    const first = node;
    node = await NodeProcess.start({ folder: first.folder });
    call = restCaller(node.url);
    const after = await call('POST', '/collections/many/points/scroll', { limit: points * 2 });
    expect(after.json.result).toEqual(before.json.result);
    await call('DELETE', '/collections/many');
    expect((await call('GET', '/collections/many')).status).toBe(404);
  });
});
