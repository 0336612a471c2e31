import { describe, expect, it } from 'vitest';
import { bucketsOf, planFilterCases } from '../src/filter-cases.js';
import { seededRandom, shuffle } from '../src/random.js';

const dimension = 4;
const rowCount = 400;
const random = seededRandom(3);
const values = Float32Array.from({ length: rowCount * dimension }, () => random() - 0.5);
const categories = Array.from({ length: 20 }, (_, index) => `c${index}`);
const rowCategories = Array.from({ length: rowCount }, (_, row) => categories[row % 20]!);
const queries = { values: values.subarray(0, 10 * dimension), dimension };
const queryCategories = Array.from({ length: 10 }, (_, query) => categories[query]!);
const cases = planFilterCases({ vectors: { values, dimension }, queries, rowCategories, queryCategories }, 8, 5);

function named(name: string): (typeof cases)[number] {
  return cases.find((one) => one.name === name)!;
}

describe('planFilterCases', () => {
  it('plans three relations at three shares', () => {
    expect(cases.map((one) => one.name)).toEqual([
      'random 1 %',
      'correlated 1 %',
      'anti-correlated 1 %',
      'random 10 %',
      'correlated 10 %',
      'anti-correlated 10 %',
      'random 50 %',
      'correlated 50 %',
      'anti-correlated 50 %',
    ]);
  });

  it('has the category of the query in a correlated filter and not in an anti-correlated one', () => {
    for (const [name, inside] of [
      ['correlated 10 %', true],
      ['anti-correlated 10 %', false],
    ] as const) {
      expect(named(name).queries).toHaveLength(8);
      for (const { query, filter } of named(name).queries) {
        expect(filter.kind === 'category' && filter.any.includes(queryCategories[query]!)).toBe(inside);
      }
    }
  });

  it('drops a query whose own category is larger than the share', () => {
    expect(named('correlated 1 %').queries).toHaveLength(0);
  });

  it('names only rows that match, nearest first', () => {
    const buckets = bucketsOf(rowCount);
    for (const { query, nearest } of named('random 50 %').queries) {
      expect(nearest).toHaveLength(5);
      expect(nearest.every((row) => buckets[row]! < 50)).toBe(true);
      if (buckets[query]! < 50) expect(nearest[0]).toBe(query);
    }
  });
});

describe('seeded choices', () => {
  it('are the same every time', () => {
    expect(shuffle(categories, seededRandom(5))).toEqual(shuffle(categories, seededRandom(5)));
    expect(shuffle(categories, seededRandom(5))).not.toEqual(shuffle(categories, seededRandom(6)));
    expect([...shuffle(categories, seededRandom(5))].sort()).toEqual([...categories].sort());
  });
});
