import { describe, expect, test } from 'vitest';
import { parseDurationMs } from '../../src/api/duration.js';
import { parseQuantity } from '../../src/api/quantity.js';

describe('a quantity', () => {
  const table: [string, number | null][] = [
    ['2', 2],
    ['500m', 0.5],
    ['1.5Gi', 1.5 * 2 ** 30],
    ['.5k', 500],
    ['3e9', 3e9],
    ['3E', 3e18],
    ['-1Gi', -(2 ** 30)],
    ['', null],
    ['Gi', null],
    ['4GB', null],
    ['4 Gi', null],
    ['1e9999999', null],
    ['0x10', null],
    ['Infinity', null],
  ];
  test.each(table)('%j is %s', (text, value) => expect(parseQuantity(text)).toBe(value));
});

describe('a duration', () => {
  const table: [string, number | null][] = [
    ['90s', 90_000],
    ['6m', 360_000],
    ['1h30m', 5_400_000],
    ['0s', 0],
    ['60', null],
    ['1d', null],
    ['-1s', null],
    ['1.5h', null],
    ['', null],
  ];
  test.each(table)('%j is %s ms', (text, value) => expect(parseDurationMs(text)).toBe(value));
});
