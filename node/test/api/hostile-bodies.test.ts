import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NodeProcess } from '../harness/node-process.js';
import { restCaller, type RestCaller } from '../harness/rest.js';

const seed = 20_261_121;

let node: NodeProcess;
let call: RestCaller;

beforeAll(async () => {
  node = await NodeProcess.start();
  call = restCaller(node.url);
});

afterAll(() => node.remove());

const vector = '[0.25,-1,0.5,2]';

/** Every route that takes a body, with one that it accepts. */
const routes: readonly (readonly [string, string, string])[] = [
  [
    'PUT',
    '/collections/c',
    '{"vectors":{"size":4,"distance":"Dot"},"hnsw_config":{"m":8},"optimizers_config":{"indexing_threshold":10}}',
  ],
  ['PATCH', '/collections/c', '{"optimizers_config":{"indexing_threshold":20},"metadata":{"a":1}}'],
  ['PUT', '/collections/c/index', '{"field_name":"city","field_schema":{"type":"keyword","is_tenant":true}}'],
  [
    'PUT',
    '/collections/c/points',
    `{"points":[{"id":1,"vector":${vector},"payload":{"city":"Berlin","n":[1,2.5,null]}}]}`,
  ],
  ['PUT', '/collections/c/points', `{"batch":{"ids":[2,3],"vectors":[${vector},${vector}],"payloads":[{"a":1},null]}}`],
  ['PUT', '/collections/c/points/vectors', `{"points":[{"id":1,"vector":${vector}}]}`],
  [
    'POST',
    '/collections/c/points',
    '{"ids":[1,"936da01f-9abd-4d9d-80c7-02af85c822a8"],"with_payload":["city"],"with_vector":true}',
  ],
  ['POST', '/collections/c/points/payload', '{"payload":{"x":{"y":1}},"points":[1],"key":"a.b"}'],
  ['PUT', '/collections/c/points/payload', '{"payload":{"x":1},"filter":{"must":[{"key":"n","range":{"gte":1}}]}}'],
  ['POST', '/collections/c/points/payload/delete', '{"keys":["x","a.b[].c"],"points":[1]}'],
  ['POST', '/collections/c/points/payload/clear', '{"filter":{"must":[{"has_id":[9]}]}}'],
  ['POST', '/collections/c/points/vectors/delete', '{"points":[9],"vector":[""]}'],
  ['POST', '/collections/c/points/delete', '{"filter":{"must":[{"key":"city","match":{"any":["none"]}}]}}'],
  [
    'POST',
    '/collections/c/points/batch',
    `{"operations":[{"upsert":{"points":[{"id":4,"vector":${vector}}]}},{"delete":{"points":[4]}}]}`,
  ],
  [
    'POST',
    '/collections/c/points/scroll',
    '{"limit":3,"offset":1,"filter":{"should":[{"is_null":{"key":"n"}},{"key":"t","values_count":{"gt":0}}]}}',
  ],
  [
    'POST',
    '/collections/c/points/count',
    '{"exact":false,"filter":{"must_not":[{"is_empty":{"key":"n"}},{"nested":{"key":"n","filter":{"must":[{"key":"a","match":{"value":true}}]}}}]}}',
  ],
  [
    'POST',
    '/collections/c/points/search',
    `{"vector":${vector},"limit":3,"params":{"hnsw_ef":16,"exact":false},"score_threshold":0.1,"with_payload":{"exclude":["n"]}}`,
  ],
  ['POST', '/collections/c/points/search/batch', `{"searches":[{"vector":{"name":"","vector":${vector}},"limit":1}]}`],
  [
    'POST',
    '/collections/c/points/query',
    `{"query":{"nearest":${vector}},"using":"","limit":2,"filter":{"min_should":{"conditions":[{"has_vector":""}],"min_count":1}}}`,
  ],
  ['POST', '/collections/c/points/query/batch', '{"searches":[{"query":1},{"limit":2,"offset":1}]}'],
];

async function expectAnswer(method: string, path: string, body: string | Uint8Array): Promise<void> {
  const reply = await call(method, path, body);
  const shown = typeof body === 'string' ? body : Buffer.from(body).toString('latin1');
  expect(reply.status, `${method} ${path} ${shown}\n${reply.text}`).toBeLessThan(500);
}

/** Values that stand where others are expected. */
const strange = fc.constantFrom(
  'null',
  'true',
  '""',
  '"x"',
  '[]',
  '{}',
  '0',
  '-1',
  '1.5',
  '1e39',
  '1e400',
  '18446744073709551616',
  '-9223372036854775809',
  '[[]]',
  '[null]',
  '{"$lifted":0}',
  `[${Array.from({ length: 20 }, () => 1).join(',')}]`,
  '"\\ud800"',
  '"\\u0000"',
  '{"a":{"a":{"a":{}}}}',
  '"936da01f-9abd-4d9d-80c7-02af85c822a8"',
  '[1,"a",null,{}]',
  '{"__proto__":{"x":1}}',
  'NaN',
);

/** Places of values in a JSON text: after a colon, a comma or an opening bracket. */
function valuePlaces(text: string): number[] {
  return text
    .split(/(?<=[:,[])/)
    .reduce<number[]>((places, part) => [...places, (places.at(-1) ?? 0) + part.length], []);
}

function endOfValue(text: string, start: number): number {
  let depth = 0;
  let inText = false;
  for (let at = start; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (inText) {
      if (character === '\\') at += 1;
      else if (character === '"') inText = false;
      continue;
    }
    if (character === '"') inText = true;
    else if ('[{'.includes(character)) depth += 1;
    else if (']}'.includes(character)) {
      if (depth === 0) return at;
      depth -= 1;
    } else if (character === ',' && depth === 0) return at;
  }
  return text.length;
}

function replaced(text: string, place: number, value: string): string {
  const places = valuePlaces(text);
  const start = places[place % places.length] ?? 0;
  return text.slice(0, start) + value + text.slice(endOfValue(text, start));
}

const route = fc.constantFrom(...routes);

const mutations = fc.oneof(
  fc.tuple(fc.nat(), strange).map(
    ([place, value]) =>
      (body: string) =>
        replaced(body, place, value),
  ),
  fc.tuple(fc.nat(), strange, fc.nat(), strange).map(
    ([place, value, next, other]) =>
      (body: string) =>
        replaced(replaced(body, place, value), next, other),
  ),
  fc.nat().map((length) => (body: string) => body.slice(0, length % body.length)),
  fc.tuple(fc.nat(), fc.string({ minLength: 1, maxLength: 3 })).map(
    ([place, text]) =>
      (body: string) =>
        body.slice(0, place % body.length) + text + body.slice(place % body.length),
  ),
);

describe('whatever is sent to a route is answered, and not with a failure of the server', () => {
  it('the bodies that the tests start from are accepted', async () => {
    for (const [method, path, body] of routes) {
      const reply = await call(method, path, body);
      expect(reply.status, `${method} ${path}\n${reply.text}`).toBe(200);
    }
  });

  it('changed bodies', async () => {
    await fc.assert(
      fc.asyncProperty(route, mutations, async ([method, path, body], mutate) => {
        await expectAnswer(method, path, mutate(body));
      }),
      { seed, numRuns: 1500 },
    );
    expect(node.alive).toBe(true);
  });

  it('random JSON', async () => {
    await fc.assert(
      fc.asyncProperty(route, fc.json(), async ([method, path], body) => expectAnswer(method, path, body)),
      { seed, numRuns: 300 },
    );
    expect(node.alive).toBe(true);
  });

  it('random bytes', async () => {
    await fc.assert(
      fc.asyncProperty(route, fc.uint8Array({ maxLength: 200 }), async ([method, path], body) =>
        expectAnswer(method, path, body),
      ),
      { seed, numRuns: 300 },
    );
    expect(node.alive).toBe(true);
  });

  it('bodies with one byte changed', async () => {
    await fc.assert(
      fc.asyncProperty(
        route,
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        async ([method, path, body], place, value) => {
          const bytes = Buffer.from(body);
          bytes[place % bytes.length] = value;
          await expectAnswer(method, path, bytes);
        },
      ),
      { seed, numRuns: 500 },
    );
    expect(node.alive).toBe(true);
  });

  it('random paths and queries', async () => {
    const part = fc.oneof(fc.string(), fc.constantFrom('c', 'points', '..', '%2e%2e', '1', 'search', '%00', '%ff'));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE'),
        fc.array(part, { maxLength: 4 }),
        fc.string(),
        async (method, parts, query) => {
          const path = parts.map((text) => (text.startsWith('%') ? text : encodeURIComponent(text))).join('/');
          // Dropping the collection under test is the one thing that would make the rest meaningless.
          if (
            method === 'DELETE' &&
            new URL(`/collections/${path}/`, node.url).pathname.replace(/\/+$/, '') === '/collections/c'
          )
            return;
          const body = method === 'GET' ? undefined : '{}';
          const reply = await call(method, `/collections/${path}?wait=${encodeURIComponent(query)}`, body);
          expect(reply.status).toBeLessThan(500);
        },
      ),
      { seed, numRuns: 300 },
    );
    expect(node.alive).toBe(true);
    const reply = await call('POST', '/collections/c/points/search', `{"vector":${vector},"limit":1}`);
    expect(reply.status).toBe(200);
  });
});
