import { describe, expect, it } from 'vitest';
import { checkCollectionName } from '../../src/service/collection-name.js';
import { mergedMetadata } from '../../src/service/collection-metadata.js';
import { ServiceError } from '../../src/errors.js';

describe("the user's metadata of a collection", () => {
  it.each([
    [null, '{"a":1}', '{"a":1}'],
    ['{"a":1}', '{"b":2}', '{"a":1,"b":2}'],
    ['{"a":1}', '{"a":{"x":1}}', '{"a":{"x":1}}'],
    ['{"a":1,"b":2}', '{"a":null}', '{"b":2}'],
    ['{"a":18446744073709551615}', '{"b":1.0}', '{"a":18446744073709551615,"b":1.0}'],
    ['{"a":1}', '{}', '{"a":1}'],
  ])('%j changed by %j', (stored, change, merged) => {
    expect(mergedMetadata(stored, change)).toBe(merged);
  });
});

describe('names of collections', () => {
  it.each(['a', 'my collection', 'größe', '日本', '..a', 'x'.repeat(255)])('may be %j', (name) => {
    expect(() => checkCollectionName(name)).not.toThrow();
  });

  it.each([
    '',
    '.',
    '..',
    'a/b',
    'a\\b',
    '<a>',
    'a:b',
    '"a"',
    'a|b',
    'a?',
    'a*',
    'a\0',
    'x'.repeat(256),
    'é'.repeat(128),
  ])('may not be %j', (name) => {
    expect(() => checkCollectionName(name)).toThrow(ServiceError);
  });
});
