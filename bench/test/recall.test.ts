import { describe, expect, it } from 'vitest';
import { neighborsOf, recallOf, recallWhileLoading } from '../src/recall.js';

const nearest = Int32Array.of(5, 50, 6, 60, 7, 70);

describe('recallOf', () => {
  it('counts each exact neighbour once', () => {
    expect(recallOf([5, 5, 6], nearest, 3)).toBeCloseTo(2 / 3);
    expect(recallOf([50, 6, 5], nearest, 3)).toBe(1);
    expect(recallOf([], nearest, 3)).toBe(0);
  });

  it('asks for no more than there is', () => {
    expect(recallOf([1, 2], Int32Array.of(2, 1), 10)).toBe(1);
  });
});

describe('recallWhileLoading', () => {
  it('expects the nearest among the rows that are surely there', () => {
    expect(recallWhileLoading([5, 6, 7], nearest, 3, 10)).toBe(1);
    expect(recallWhileLoading([5, 6, 8], nearest, 3, 10)).toBeCloseTo(2 / 3);
  });

  it('gives a found row that may be there its place, and expects one fewer', () => {
    expect(recallWhileLoading([5, 50, 6], nearest, 3, 10)).toBe(1);
    expect(recallWhileLoading([50, 60, 70], nearest, 3, 10)).toBe(1);
    expect(recallWhileLoading([50, 8, 9], nearest, 3, 10)).toBe(0);
  });

  it('knows nothing while too few of the known neighbours are loaded', () => {
    expect(recallWhileLoading([5, 6, 1], nearest, 3, 7)).toBeNull();
  });
});

describe('neighborsOf', () => {
  it('is the row of the query', () => {
    expect([...neighborsOf({ rows: nearest, width: 2 }, 1)]).toEqual([6, 60]);
  });
});
