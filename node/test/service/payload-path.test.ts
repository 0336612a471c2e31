import { describe, expect, it } from 'vitest';
import { ServiceError } from '../../src/errors.js';
import { canonicalPayloadPath } from '../../src/service/payload-path.js';

describe('payload paths', () => {
  it.each([
    ['a', 'a'],
    ['a.b', 'a.b'],
    ['a[].b[3]', 'a[].b[3]'],
    ['a[][]', 'a[][]'],
    ['a[007]', 'a[7]'],
    ['"a"', 'a'],
    ['"a.b".c', '"a.b".c'],
    ['""', '""'],
    ['größe', 'größe'],
    ['snow☃man', 'snow☃man'],
    ['a-b_c', 'a-b_c'],
  ])('%j', (path, canonical) => {
    expect(canonicalPayloadPath(path, 'key')).toBe(canonical);
  });

  it.each([
    '',
    '.',
    'a.',
    '.a',
    'a..b',
    '[]',
    'a[',
    'a[x]',
    'a[-1]',
    'a]b',
    'a b',
    '"a',
    'a"b"',
    '"a\\"b"',
    'a[18446744073709551616]',
    Array.from({ length: 65 }, () => 'a').join('.'),
    'a'.repeat(5000),
  ])('refuses %j', (path) => {
    expect(() => canonicalPayloadPath(path, 'key')).toThrow(ServiceError);
    expect(() => canonicalPayloadPath(path, 'key')).toThrow(/^.*key/);
  });
});
