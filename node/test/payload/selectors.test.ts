import { describe, expect, test } from 'vitest';
import { encodePayloadSelector, encodeVectorSelector } from '../../src/payload/selectors.js';

describe('selectors', () => {
  test('of a payload', () => {
    expect(encodePayloadSelector({ mode: 'none' })).toEqual(Buffer.from([0]));
    expect(encodePayloadSelector({ mode: 'all' })).toEqual(Buffer.from([1]));
    expect(encodePayloadSelector({ mode: 'include', paths: ['a', 'b[]'] }).toString('latin1')).toBe(
      '\x02\x02\x00\x01\x00a\x03\x00b[]',
    );
    expect(encodePayloadSelector({ mode: 'exclude', paths: [] }).toString('latin1')).toBe('\x03\x00\x00');
  });

  test('of vectors', () => {
    expect(encodeVectorSelector({ mode: 'none' })).toEqual(Buffer.from([0]));
    expect(encodeVectorSelector({ mode: 'all' })).toEqual(Buffer.from([1]));
    expect(encodeVectorSelector({ mode: 'include', names: ['', 'é'] }).toString('latin1')).toBe(
      '\x02\x02\x00\x00\x00\x02\x00\xc3\xa9',
    );
  });

  test('that do not fit their encoding are refused by name', () => {
    const many = Array.from({ length: 65_536 }, () => 'a');
    expect(() => encodePayloadSelector({ mode: 'include', paths: many })).toThrow('with_payload: at most 65535 names');
    expect(() => encodeVectorSelector({ mode: 'include', names: ['a', 'b'.repeat(65_536)] })).toThrow('with_vector[1]');
  });
});
