import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nearestByCosine, rowOf, rowsOf } from '../src/exact-search.js';
import { readExampleData } from '../src/example-data.js';
import { decodeFloat16 } from '../src/float16.js';
import { chooseRows } from '../src/sample.js';
import { readMatrix, readVectorBytes, wordnetDimension, wordnetDirectory } from '../src/wordnet-set.js';

const directory = join(import.meta.dirname, '..', 'wordnet');
const data = await readExampleData(directory);

describe('the shipped sample', () => {
  it('has a vector for each of 2,600 points with distinct ids', () => {
    expect(data.points).toHaveLength(2_600);
    expect(rowsOf(data.vectors)).toBe(2_600);
    expect(new Set(data.points.map((point) => point.id)).size).toBe(2_600);
  });

  it('has normalised vectors, as far as float16 can say', () => {
    for (let row = 0; row < rowsOf(data.vectors); row++) {
      const squared = rowOf(data.vectors, row).reduce((sum, value) => sum + value * value, 0);
      expect(Math.abs(squared - 1)).toBeLessThan(2e-3);
    }
  });

  it('names the exact ten nearest of each question', () => {
    expect(data.questions).toHaveLength(24);
    for (const question of data.questions) {
      const found = nearestByCosine(data.vectors, Float32Array.from(question.vector), 10);
      expect(found.map(({ row }) => data.points[row]!.id)).toEqual(question.nearest.map(({ id }) => id));
      found.forEach(({ score }, index) => expect(score).toBeCloseTo(question.nearest[index]!.score, 5));
    }
  });

  it('keeps every file under 2 MiB', async () => {
    for (const name of ['vectors.f16', 'points.jsonl', 'questions.jsonl', 'LICENSE']) {
      expect((await stat(join(directory, name))).size).toBeLessThan(2 * 1024 * 1024);
    }
  });

  const full = wordnetDirectory();
  it.skipIf(full === null)('is the beginning of the full set, row for row (WORDNET_DIR)', async () => {
    const bytes = await readVectorBytes(full!);
    const rowBytes = 2 * wordnetDimension;
    for (const row of [0, 1, 1_199, 2_599]) {
      const id = data.points[row]!.id;
      const expected = decodeFloat16(bytes.subarray(id * rowBytes, (id + 1) * rowBytes));
      expect(rowOf(data.vectors, row)).toEqual(expected);
    }
    expect(rowsOf(await readMatrix(join(full!, 'queries.f16')))).toBe(1_000);
  });
});

describe('decodeFloat16', () => {
  const decode = (bits: number): number => decodeFloat16(Uint8Array.of(bits & 0xff, bits >> 8))[0]!;

  it.each([
    [0x0000, 0],
    [0x3c00, 1],
    [0xbc00, -1],
    [0x3555, 0.333251953125],
    [0x7bff, 65504],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x7c00, Infinity],
    [0xfc00, -Infinity],
  ])('reads %i as %d', (bits, value) => expect(decode(bits)).toBe(value));

  it('keeps the sign of zero and knows what is not a number', () => {
    expect(Object.is(decode(0x8000), -0)).toBe(true);
    expect(decode(0x7e00)).toBeNaN();
  });

  it('refuses half a value', () => {
    expect(() => decodeFloat16(new Uint8Array(3))).toThrow(RangeError);
  });
});

describe('chooseRows', () => {
  const matrix = { values: Float32Array.of(1, 0, 0, 1, 1, 1, -1, 0), dimension: 2 };

  it('takes the nearest first and then the rows in order', () => {
    expect(chooseRows(matrix, [Float32Array.of(-1, 0.1)], 1, 3)).toEqual([3, 0, 1]);
  });

  it('refuses a sample that cannot hold the neighbours', () => {
    expect(() => chooseRows(matrix, [Float32Array.of(1, 0)], 3, 2)).toThrow(RangeError);
  });
});

describe('nearestByCosine', () => {
  it('orders by angle, whatever the lengths, and ties by row', () => {
    const matrix = { values: Float32Array.of(0, 5, 2, 0, 9, 0, 0, 0), dimension: 2 };
    expect(nearestByCosine(matrix, Float32Array.of(1, 0), 4).map(({ row }) => row)).toEqual([1, 2, 0, 3]);
  });
});
