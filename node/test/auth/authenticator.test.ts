import { describe, expect, it } from 'vitest';
import { Authenticator } from '../../src/auth/authenticator.js';
import { ServiceError } from '../../src/errors.js';

const keyed = new Authenticator({ apiKey: 'full', altApiKey: 'other', readOnlyApiKey: 'look' });

describe('api keys', () => {
  const table: readonly [string, string | undefined, string | undefined, 'manage' | 'read' | null][] = [
    ['the key', 'full', undefined, 'manage'],
    ['the key as bearer', undefined, 'Bearer full', 'manage'],
    ['the key as bearer in lower case', undefined, 'bearer full', 'manage'],
    ['the second key', 'other', undefined, 'manage'],
    ['the key for reading', 'look', undefined, 'read'],
    ['the header over the bearer', 'look', 'Bearer full', 'read'],
    ['nothing', undefined, undefined, null],
    ['an empty key', '', undefined, null],
    ['a wrong key', 'ful', undefined, null],
    ['a longer key', 'full!', undefined, null],
    ['another scheme', undefined, 'Basic full', null],
    ['a bearer without a token', undefined, 'Bearer ', null],
  ];
  it.each(table)('%s', (_name, apiKey, authorization, rights) => {
    if (rights === null) {
      expect(() => keyed.authenticate(apiKey, authorization)).toThrow(ServiceError);
    } else {
      expect(keyed.authenticate(apiKey, authorization).rights).toBe(rights);
    }
  });

  it('are not asked for when none is set', () => {
    const open = new Authenticator({ apiKey: null, altApiKey: null, readOnlyApiKey: '' });
    expect(open.required).toBe(false);
    expect(open.authenticate(undefined, undefined).rights).toBe('manage');
  });
});
