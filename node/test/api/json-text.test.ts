import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrayTexts, objectTexts } from '../../src/api/rest/decode/json-text.js';
import { ServiceError } from '../../src/errors.js';

const seeded = { seed: 7, numRuns: 500 };

describe('cutting JSON into the texts of its parts', () => {
  it('gives the fields of every object as they were written', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(0, 1, 4), (object, indent) => {
        const texts = objectTexts(JSON.stringify(object, null, indent));
        const read = Object.fromEntries([...texts].map(([key, text]) => [key, JSON.parse(text) as unknown]));
        expect(JSON.stringify(read)).toBe(JSON.stringify(object));
      }),
      seeded,
    );
  });

  it('gives the elements of every array as they were written', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (array) => {
        const texts = arrayTexts(JSON.stringify(array));
        expect(`[${texts.join(',')}]`).toBe(JSON.stringify(array));
      }),
      seeded,
    );
  });

  it('changes no digit', () => {
    const texts = objectTexts('{ "a" : 18446744073709551615 , "b":1.0,"c":[1e2 , -0],"a": -9223372036854775808}');
    expect([...texts]).toEqual([
      ['a', '-9223372036854775808'],
      ['b', '1.0'],
      ['c', '[1e2 , -0]'],
    ]);
  });

  it('is not misled by brackets and quotes in texts', () => {
    expect(objectTexts('{"a\\"}":{"b":"]}\\\\"},"c":1}').get('a"}')).toBe('{"b":"]}\\\\"}');
  });

  it.each(['', '{', '[', '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":"', '{"a":[', '{1:2}', 'null'])(
    'refuses %j rather than guess',
    (text) => {
      expect(() => objectTexts(text)).toThrow(ServiceError);
      expect(() => arrayTexts(text)).toThrow(ServiceError);
    },
  );

  it('needs no stack for deep values', () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    expect(objectTexts(`{"a":${deep}}`).get('a')).toBe(deep);
  });
});
