import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { NodeProcess } from '../harness/node-process.js';
import { errorText, restCaller, type RestCaller } from '../harness/rest.js';

let node: NodeProcess;
let call: RestCaller;

beforeAll(async () => {
  node = await NodeProcess.start({ settings: { SERVICE__MAX_REQUEST_SIZE_MB: '1' } });
  call = restCaller(node.url);
  await call('PUT', '/collections/c', { vectors: { size: 4, distance: 'Dot' } });
  await call('PUT', '/collections/n', {
    vectors: {
      a: { size: 2, distance: 'Dot' },
      m: { size: 2, distance: 'Dot', multivector_config: { comparator: 'max_sim' } },
    },
    sparse_vectors: { s: {} },
  });
  await call('PUT', '/collections/c/points?wait=true', {
    points: [{ id: 1, vector: [1, 0, 0, 0], payload: { a: 1 } }],
  });
});

afterAll(() => node.remove());

afterEach(() => {
  expect(node.alive).toBe(true);
});

/** Body, status, and what the message must name. */
type Row = readonly [string, string, number, string];

function table(method: string, path: string, rows: readonly Row[]): void {
  describe(`${method} ${path}`, () => {
    it.each(rows)('%s', async (_name, body, status, words) => {
      const reply = await call(method, path, body);
      expect([reply.status, errorText(reply)]).toEqual([status, expect.stringContaining(words)]);
      expect(reply.json.time).toEqual(expect.any(Number));
    });
  });
}

const point = (fields: string) => `{"points":[{${fields}}]}`;
const good = '"id":1,"vector":[1,2,3,4]';

table('PUT', '/collections/c/points', [
  ['an empty body', '', 400, ''],
  ['no JSON', '{"points":[', 400, ''],
  ['something after the JSON', `${point(good)}x`, 400, ''],
  ['a list', '[]', 400, ''],
  ['a number', '5', 400, ''],
  ['no points', '{}', 400, 'points'],
  ['points that are no list', '{"points":5}', 400, 'points'],
  ['a point that is no object', '{"points":[5]}', 400, 'points[0]'],
  ['no id', point('"vector":[1,2,3,4]'), 400, 'id'],
  ['a negative id', point('"id":-1,"vector":[1,2,3,4]'), 400, 'id'],
  ['an id with a fraction', point('"id":1.5,"vector":[1,2,3,4]'), 400, 'id'],
  ['an id beyond 64 bits', point('"id":18446744073709551616,"vector":[1,2,3,4]'), 400, 'number out of range'],
  ['an id that is no UUID', point('"id":"abc","vector":[1,2,3,4]'), 400, 'id'],
  ['an id that is a bool', point('"id":true,"vector":[1,2,3,4]'), 400, 'id'],
  ['no vector', point('"id":1'), 400, 'vector'],
  ['too short a vector', point('"id":1,"vector":[1,2,3]'), 400, '4'],
  ['too long a vector', point('"id":1,"vector":[1,2,3,4,5]'), 400, '4'],
  ['an empty vector', point('"id":1,"vector":[]'), 400, '4'],
  ['a text in a vector', point('"id":1,"vector":[1,2,3,"4"]'), 400, 'vector'],
  ['a null in a vector', point('"id":1,"vector":[1,2,3,null]'), 400, 'vector'],
  ['NaN', point('"id":1,"vector":[1,2,3,NaN]'), 400, ''],
  ['a vector beyond float32', point('"id":1,"vector":[1,2,3,1e39]'), 400, 'Vector component'],
  ['a vector beyond float64', point('"id":1,"vector":[1,2,3,1e400]'), 400, ''],
  ['an unknown vector name', point('"id":1,"vector":{"x":[1,2,3,4]}'), 400, 'x'],
  ['a vector that is a text', point('"id":1,"vector":"abc"'), 400, 'vector'],
  ['a sparse vector', point('"id":1,"vector":{"indices":[1],"values":[1]}'), 400, ''],
  ['a payload that is a list', point(`${good},"payload":[1]`), 400, 'payload'],
  ['a payload that is a text', point(`${good},"payload":"x"`), 400, 'payload'],
  ['a deep payload', point(`${good},"payload":{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`), 400, ''],
  ['a shard key', `{"points":[{${good}}],"shard_key":"k"}`, 400, 'shard_key'],
  ['a condition', `{"points":[{${good}}],"update_filter":{"must":[]}}`, 400, 'update_filter'],
  ['columns of different lengths', '{"batch":{"ids":[1,2],"vectors":[[1,2,3,4]]}}', 400, ''],
]);

table('PUT', '/collections/n/points', [
  ['an unnamed vector', point('"id":1,"vector":[1,2]'), 400, ''],
  [
    'sparse indices and values of different lengths',
    point('"id":1,"vector":{"s":{"indices":[1,2],"values":[1]}}'),
    400,
    '',
  ],
  ['a sparse index twice', point('"id":1,"vector":{"s":{"indices":[1,1],"values":[1,2]}}'), 400, ''],
  ['a negative sparse index', point('"id":1,"vector":{"s":{"indices":[-1],"values":[1]}}'), 400, ''],
  ['a dense vector where a multivector is', point('"id":1,"vector":{"m":[1]}'), 400, ''],
  ['rows of different lengths', point('"id":1,"vector":{"m":[[1,2],[1]]}'), 400, ''],
]);

table('POST', '/collections/c/points', [
  ['no ids', '{}', 400, 'ids'],
  ['ids that are no list', '{"ids":1}', 400, 'ids'],
  ['an id that is none', '{"ids":[1,"x"]}', 400, 'ids[1]'],
  ['an id beyond 64 bits', '{"ids":[18446744073709551616]}', 400, 'number out of range'],
  ['with_payload of a number', '{"ids":[1],"with_payload":1}', 400, 'with_payload'],
  ['with_vector of an object', '{"ids":[1],"with_vector":{}}', 400, 'with_vector'],
  ['a shard key', '{"ids":[1],"shard_key":"k"}', 400, 'shard_key'],
]);

table('POST', '/collections/c/points/scroll', [
  ['limit 0', '{"limit":0}', 422, 'limit: value 0 invalid, must be 1 or larger'],
  ['a negative limit', '{"limit":-1}', 400, 'limit'],
  ['a limit of text', '{"limit":"5"}', 400, 'limit'],
  ['an offset that is no id', '{"offset":"x"}', 400, 'offset'],
  ['an order', '{"order_by":"a"}', 400, 'order_by'],
  ['a filter that is a list', '{"filter":[]}', 400, 'filter'],
  ['an unknown condition', '{"filter":{"must":[{"key":"a","like":1}]}}', 400, 'filter.must[0]'],
  ['a match of nothing', '{"filter":{"must":[{"key":"a","match":{}}]}}', 400, 'filter.must[0]'],
  ['a range of texts', '{"filter":{"must":[{"key":"a","range":{"gt":"x"}}]}}', 400, 'filter.must[0]'],
  ['a search for words', '{"filter":{"must":[{"key":"a","match":{"text":"x"}}]}}', 400, 'text'],
  [
    'a place on earth',
    '{"filter":{"must":[{"key":"a","geo_radius":{"center":{"lon":1,"lat":1},"radius":1}}]}}',
    400,
    'geo_radius',
  ],
  ['a key that is no path', '{"filter":{"must":[{"key":"a..b","match":{"value":1}}]}}', 400, ''],
]);

table('POST', '/collections/c/points/search', [
  ['no vector', '{"limit":1}', 400, 'vector'],
  ['no limit', '{"vector":[1,2,3,4]}', 400, 'limit'],
  ['limit 0', '{"vector":[1,2,3,4],"limit":0}', 422, 'limit'],
  ['a negative offset', '{"vector":[1,2,3,4],"limit":1,"offset":-1}', 400, 'offset'],
  ['too short a vector', '{"vector":[1,2,3],"limit":1}', 400, 'expected dim: 4, got 3'],
  [
    'a long vector of a wrong dimension',
    `{"vector":[${Array.from({ length: 20 }, () => 1).join(',')}],"limit":1}`,
    400,
    'expected dim: 4, got 20',
  ],
  ['a vector of texts', '{"vector":["1","2","3","4"],"limit":1}', 400, 'vector[0]'],
  ['a vector beyond float32', '{"vector":[1,2,3,1e39],"limit":1}', 400, ''],
  ['an unknown vector name', '{"vector":{"name":"x","vector":[1,2,3,4]},"limit":1}', 400, 'x'],
  ['a score threshold of text', '{"vector":[1,2,3,4],"limit":1,"score_threshold":"x"}', 400, 'score_threshold'],
  ['hnsw_ef 0', '{"vector":[1,2,3,4],"limit":1,"params":{"hnsw_ef":0}}', 422, 'params.hnsw_ef'],
  ['exact of a number', '{"vector":[1,2,3,4],"limit":1,"params":{"exact":1}}', 400, 'params.exact'],
  [
    'quantization parameters',
    '{"vector":[1,2,3,4],"limit":1,"params":{"quantization":{"rescore":true}}}',
    400,
    'params.quantization',
  ],
]);

table('POST', '/collections/n/points/search', [
  [
    'a search by sparse vector',
    '{"vector":{"name":"s","vector":{"indices":[1],"values":[1]}},"limit":1}',
    400,
    'sparse',
  ],
  ['a search of multivectors', '{"vector":{"name":"m","vector":[1,2]},"limit":1}', 400, 'multivector'],
  ['no name', '{"vector":[1,2],"limit":1}', 400, 'vector name'],
]);

table('POST', '/collections/c/points/query', [
  ...(
    [
      'recommend',
      'discover',
      'context',
      'order_by',
      'fusion',
      'rrf',
      'formula',
      'sample',
      'relevance_feedback',
    ] as const
  ).map((kind): Row => [kind, `{"query":{"${kind}":{}}}`, 400, `query.${kind}`]),
  ['a prefetch', '{"prefetch":[{"query":[1,2,3,4]}],"query":{"fusion":"rrf"}}', 400, 'prefetch'],
  ['another collection', '{"query":1,"lookup_from":{"collection":"n"}}', 400, 'lookup_from'],
  ['diversity', '{"query":{"nearest":[1,2,3,4],"mmr":{}}}', 400, 'query.mmr'],
  ['inference', '{"query":{"text":"hello","model":"m"}}', 400, 'inference'],
  ['a multivector', '{"query":[[1,2,3,4],[1,2,3,4]]}', 400, 'multivector'],
  ['a text that is no id', '{"query":"hello"}', 400, 'query'],
  ['limit 0', '{"query":[1,2,3,4],"limit":0}', 422, 'limit'],
  ['using of a number', '{"query":[1,2,3,4],"using":1}', 400, 'using'],
]);

table('POST', '/collections/c/points/query/batch', [
  ['no searches', '{}', 400, 'searches'],
  ['a search that is no object', '{"searches":[1]}', 400, 'searches[0]'],
  ['limit 0 in the second', '{"searches":[{"query":1},{"query":1,"limit":0}]}', 422, 'searches[1].limit'],
  ['too many', `{"searches":[${Array.from({ length: 1001 }, () => '{}').join(',')}]}`, 422, 'searches'],
]);

table('POST', '/collections/c/points/delete', [
  ['nothing said', '{}', 400, 'points'],
  ['a point that is no id', '{"points":["x"]}', 400, 'points[0]'],
  ['a filter that is none', '{"filter":5}', 400, 'filter'],
]);

table('POST', '/collections/c/points/payload', [
  ['no payload', '{"points":[1]}', 400, 'payload'],
  ['a payload that is a list', '{"payload":[],"points":[1]}', 400, 'payload'],
  ['no points and no filter', '{"payload":{"a":1}}', 422, 'points'],
  ['a key that is no path', '{"payload":{"a":1},"points":[1],"key":"a..b"}', 400, 'key'],
]);

table('POST', '/collections/c/points/payload/delete', [
  ['no keys', '{"points":[1]}', 400, 'keys'],
  ['a key that is a number', '{"keys":[1],"points":[1]}', 400, 'keys[0]'],
  ['a key that is no path', '{"keys":["a["],"points":[1]}', 400, 'keys[0]'],
]);

table('POST', '/collections/c/points/vectors/delete', [
  ['no names', '{"points":[1]}', 400, 'vector'],
  ['an empty list of names', '{"points":[1],"vector":[]}', 422, 'vector'],
  ['an unknown name', '{"points":[1],"vector":["x"]}', 400, 'x'],
]);

table('POST', '/collections/c/points/batch', [
  ['no operations', '{}', 400, 'operations'],
  ['an unknown operation', '{"operations":[{"explode":{}}]}', 400, 'operations[0]'],
  ['two operations in one', '{"operations":[{"delete":{"points":[1]},"upsert":{}}]}', 400, 'operations[0]'],
  ['an operation that is a text', '{"operations":["delete"]}', 400, 'operations[0]'],
  ['a bad point in an upsert', '{"operations":[{"upsert":{"points":[{"id":1,"vector":[1]}]}}]}', 400, '4'],
]);

table('PUT', '/collections/c/index', [
  ['no field', '{"field_schema":"keyword"}', 400, 'field_name'],
  ['no type', '{"field_name":"a"}', 400, 'field_schema'],
  ['an unknown type', '{"field_name":"a","field_schema":"words"}', 400, 'field_schema'],
  ['a type that is not built', '{"field_name":"a","field_schema":"geo"}', 400, 'geo'],
  ['a field that is no path', '{"field_name":"a..b","field_schema":"keyword"}', 400, 'field_name'],
]);

describe('query parameters', () => {
  it.each([
    ['PUT', '/collections/c/points?wait=maybe', 400, 'wait'],
    ['PUT', '/collections/c/points?timeout=x', 400, 'timeout'],
    ['PUT', '/collections/c/points?timeout=0', 422, 'timeout'],
    ['PUT', '/collections/c/points?ordering=random', 400, 'ordering'],
    ['POST', '/collections/c/points/scroll?consistency=few', 400, 'consistency'],
    ['POST', '/collections/c/points/scroll?consistency=0', 422, 'consistency'],
    ['GET', '/collections/c/points/18446744073709551616', 400, 'point id'],
  ])('%s %s', async (method, path, status, words) => {
    const reply = await call(method, path, method === 'GET' ? undefined : point(good));
    expect([reply.status, errorText(reply)]).toEqual([status, expect.stringContaining(words)]);
  });
});

describe('bytes', () => {
  const routes = [
    ['PUT', '/collections/x'],
    ['PUT', '/collections/c/points'],
    ['POST', '/collections/c/points/search'],
    ['POST', '/collections/c/points/scroll'],
    ['POST', '/collections/c/points/payload'],
    ['POST', '/collections/c/points/batch'],
  ] as const;

  it.each(routes)('that are no UTF-8 are refused by %s %s', async (method, path) => {
    const body = Buffer.concat([
      Buffer.from('{"points":[{"id":1,"vector":[1,2,3,4],"payload":{"a":"'),
      Buffer.from([0xff, 0xc0]),
      Buffer.from('"}}]}'),
    ]);
    expect((await call(method, path, body)).status).toBe(400);
  });

  it.each(routes)('that are too many are refused by %s %s', async (method, path) => {
    const reply = await call(method, path, `{"a":"${'x'.repeat(1024 * 1024)}"}`);
    expect(reply.status).toBe(413);
  });

  it.each(routes)('that nest without end are refused by %s %s', async (method, path) => {
    for (const open of ['[', '{"a":', '{"filter":{"must":[', '{"points":[']) {
      expect((await call(method, path, open.repeat(50_000))).status).toBe(400);
    }
  });
});

describe('a filter', () => {
  it('of too many levels is refused', async () => {
    const nested = `${'{"must":['.repeat(80)}{"has_id":[1]}${']}'.repeat(80)}`;
    const reply = await call('POST', '/collections/c/points/scroll', `{"filter":${nested}}`);
    expect(reply.status).toBe(400);
  });

  it('of too many conditions is refused', async () => {
    const conditions = Array.from({ length: 30_000 }, () => '{"has_id":[1]}').join(',');
    const body = `{"filter":{"must":[${conditions}],"must_not":[${conditions}]}}`;
    expect([200, 400]).toContain((await call('POST', '/collections/c/points/count', body)).status);
  });
});
