import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { objectTexts } from '../../src/api/rest/decode/json-text.js';
import { NodeProcess } from '../harness/node-process.js';
import { errorText, restCaller, type RestCaller } from '../harness/rest.js';

let node: NodeProcess;
let call: RestCaller;

beforeAll(async () => {
  node = await NodeProcess.start();
  call = restCaller(node.url);
  await call('PUT', '/collections/c', { vectors: { size: 2, distance: 'Dot' } });
});

afterAll(() => node.remove());

/** The text of `"payload":` in an answer with one point. */
function payloadText(text: string): string {
  const start = text.indexOf('"payload":') + '"payload":'.length;
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1;
    if (text[at] === '}') depth -= 1;
    if (depth === 0) return text.slice(start, at + 1);
  }
  return '';
}

/** The fields of an object as they stand in its text, in the order of their names. */
function sortedFields(text: string): string[] {
  return [...objectTexts(text)].map(([name, value]) => `${JSON.stringify(name)}:${value}`).sort();
}

const largeIds = ['9007199254740993', '18446744073709551615', '18446744073709551614', '0'];

describe('ids', () => {
  it.each(largeIds)('%s keeps every digit on every route', async (id) => {
    const has = (text: string) => expect(text).toMatch(new RegExp(`"id":${id}[,}]`));
    const write = await call(
      'PUT',
      '/collections/c/points?wait=true',
      `{"points":[{"id":${id},"vector":[1,2],"payload":{"k":1}}]}`,
    );
    expect(write.status).toBe(200);
    has((await call('GET', `/collections/c/points/${id}`)).text);
    has((await call('POST', '/collections/c/points', `{"ids":[${id}]}`)).text);
    has((await call('POST', '/collections/c/points/scroll', `{"offset":${id},"limit":1}`)).text);
    has((await call('POST', '/collections/c/points/scroll', `{"filter":{"must":[{"has_id":[${id}]}]}}`)).text);
    has(
      (
        await call(
          'POST',
          '/collections/c/points/search',
          `{"vector":[1,2],"limit":9,"filter":{"must":[{"has_id":[${id}]}]}}`,
        )
      ).text,
    );
    const many = `${Array.from({ length: 30 }, (_, index) => 1000 + index).join(',')},${id}`;
    has(
      (await call('POST', '/collections/c/points/query', `{"query":[1,2],"filter":{"must":[{"has_id":[${many}]}]}}`))
        .text,
    );
    has((await call('POST', '/collections/c/points', `{"ids":[${many}]}`)).text);
    await call('POST', '/collections/c/points/payload?wait=true', `{"payload":{"seen":${id}},"points":[${id}]}`);
    expect((await call('GET', `/collections/c/points/${id}`)).text).toContain(`"seen":${id}`);
    await call('POST', '/collections/c/points/delete?wait=true', `{"points":[${id}]}`);
    expect((await call('GET', `/collections/c/points/${id}`)).status).toBe(404);
  });

  it('beside each other are not taken for one another', async () => {
    await call(
      'PUT',
      '/collections/c/points?wait=true',
      '{"points":[{"id":9007199254740992,"vector":[1,1]},{"id":9007199254740993,"vector":[2,2]}]}',
    );
    const page = await call('POST', '/collections/c/points/scroll', '{"limit":1,"offset":9007199254740992}');
    expect(page.text).toContain('"next_page_offset":9007199254740993');
    expect(
      (await call('POST', '/collections/c/points/count', '{"filter":{"must":[{"has_id":[9007199254740993]}]}}')).json
        .result,
    ).toEqual({ count: 1 });
  });

  it.each([
    '550E8400-E29B-41D4-A716-446655440000',
    '550e8400e29b41d4a716446655440000',
    'urn:uuid:550e8400-e29b-41d4-a716-446655440000',
  ])('%s is the UUID in its canonical form', async (id) => {
    await call('PUT', '/collections/c/points?wait=true', { points: [{ id, vector: [1, 1] }] });
    const found = await call('POST', '/collections/c/points', { ids: [id] });
    expect(found.text).toContain('"id":"550e8400-e29b-41d4-a716-446655440000"');
  });
});

describe('payloads', () => {
  it.each([
    '{"n":-9223372036854775808}',
    '{"n":9223372036854775807}',
    '{"n":18446744073709551615}',
    '{"n":9007199254740993}',
    '{"a":1,"b":1.0}',
    '{"e":0.1,"f":123456789.125}',
    '{"__proto__":{"x":1},"constructor":null}',
    '{"":"","ключ":"значение","emoji":"😀"}',
    '{"deep":[[[{"a":[null,true,false]}]]],"empty":{},"list":[]}',
  ])('%s comes back as it was written', async (payload) => {
    await call('PUT', '/collections/c/points?wait=true', `{"points":[{"id":1,"vector":[1,2],"payload":${payload}}]}`);
    expect(payloadText((await call('GET', '/collections/c/points/1')).text)).toBe(payload);
    await call('POST', '/collections/c/points/payload/clear?wait=true', '{"points":[1]}');
    await call('POST', '/collections/c/points/payload?wait=true', `{"payload":${payload},"points":[1]}`);
    // Merging sorts keys and takes a null for "remove", as the original does.
    const merged = payloadText((await call('POST', '/collections/c/points', '{"ids":[1]}')).text);
    expect(sortedFields(merged)).toEqual(sortedFields(payload).filter((field) => !field.endsWith(':null')));
    await call('PUT', '/collections/c/points/payload?wait=true', `{"payload":${payload},"points":[1]}`);
    const found = await call(
      'POST',
      '/collections/c/points/search',
      '{"vector":[1,2],"limit":1,"with_payload":true,"filter":{"must":[{"has_id":[1]}]}}',
    );
    expect(payloadText(found.text)).toBe(payload);
  });

  it('tell 1 from 1.0 in filters as the original does: an integer matches integers', async () => {
    await call(
      'PUT',
      '/collections/c/points?wait=true',
      '{"points":[{"id":1,"vector":[1,2],"payload":{"m":9007199254740993}}]}',
    );
    const count = async (value: string) =>
      (
        await call(
          'POST',
          '/collections/c/points/count',
          `{"filter":{"must":[{"key":"m","match":{"value":${value}}}]}}`,
        )
      ).json.result;
    expect(await count('9007199254740993')).toEqual({ count: 1 });
    expect(await count('9007199254740992')).toEqual({ count: 0 });
  });

  it.each(['1e400', '-1e400', '[1,2,1e400]', '{"x":1e999}'])('with %s are refused', async (value) => {
    const bodies: readonly (readonly [string, string, string])[] = [
      ['PUT', '/collections/c/points', `{"points":[{"id":1,"vector":[1,2],"payload":{"n":${value}}}]}`],
      ['POST', '/collections/c/points/payload', `{"payload":{"n":${value}},"points":[1]}`],
      [
        'POST',
        '/collections/c/points/batch',
        `{"operations":[{"set_payload":{"payload":{"n":${value}},"points":[1]}}]}`,
      ],
    ];
    for (const [method, path, body] of bodies) {
      const reply = await call(method, path, body);
      expect(reply.status).toBe(400);
      expect(errorText(reply)).not.toBe('');
    }
  });
});

describe('vectors', () => {
  it('come back as the shortest numbers that are the same float32', async () => {
    await call('PUT', '/collections/c/points?wait=true', '{"points":[{"id":5,"vector":[0.1,-3.4028234663852886e38]}]}');
    expect((await call('POST', '/collections/c/points', '{"ids":[5],"with_vector":true}')).text).toContain(
      '"vector":[0.1,-3.4028235e+38]',
    );
  });
});
