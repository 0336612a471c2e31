import { describe, expect, test } from 'vitest';
import { decodeIdsBlock, decodePointId, encodeIdsBlock, encodePointId, parseUuid } from '../../src/payload/point-id.js';

const canonical = '550e8400-e29b-41d4-a716-446655440000';

describe('parseUuid', () => {
  test.each([
    [canonical],
    [canonical.toUpperCase()],
    [canonical.replaceAll('-', '')],
    [`{${canonical}}`],
    [`urn:uuid:${canonical}`],
    [`URN:UUID:${canonical.toUpperCase()}`],
  ])('takes %s', (text) => {
    expect(parseUuid(text)).toBe(canonical);
  });

  test.each([
    [''],
    ['7'],
    [`${canonical}0`],
    [canonical.slice(1)],
    [canonical.replace('e', 'g')],
    ['550e8400e29b-41d4-a716-446655440000'],
    [`{${canonical}`],
    [` ${canonical}`],
    [`${canonical}\n`],
  ])('refuses %j', (text) => {
    expect(parseUuid(text)).toBeNull();
  });
});

describe('encoding', () => {
  test('has a tag and eight bytes, or sixteen in network order', () => {
    expect(encodePointId(2n ** 53n + 1n).toString('hex')).toBe('000100000000002000');
    expect(encodePointId(2n ** 64n - 1n).toString('hex')).toBe('00ffffffffffffffff');
    expect(encodePointId(canonical.toUpperCase()).toString('hex')).toBe(`01${canonical.replaceAll('-', '')}`);
  });

  test('gives ids back as they were', () => {
    const ids = [0n, 2n ** 53n + 1n, 2n ** 64n - 1n, canonical];
    expect(ids.map((id) => decodePointId(encodePointId(id)))).toEqual(ids);
    expect(decodeIdsBlock(encodeIdsBlock(ids))).toEqual(ids);
    expect(decodeIdsBlock(encodeIdsBlock([]))).toEqual([]);
  });

  test('takes a block that grows past the first buffer', () => {
    const ids = Array.from({ length: 5000 }, (_, index) => BigInt(index) * 3n);
    expect(decodeIdsBlock(encodeIdsBlock(ids))).toEqual(ids);
  });

  test.each([[-1n], [2n ** 64n], ['no uuid']])('refuses %s', (id) => {
    expect(() => encodePointId(id)).toThrow(/Point id|Unable to parse UUID/);
  });

  test.each([['02'], ['00ff'], ['01ff'], ['000000000000000000ff']])('refuses to decode %s', (hex) => {
    expect(() => decodePointId(Buffer.from(hex, 'hex'))).toThrow(RangeError);
  });
});
