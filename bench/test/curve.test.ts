import { describe, expect, it } from 'vitest';
import { bestRateAtRecall, rateAtRecall } from '../src/curve.js';

const curve = [
  { ef: 64, recall: 0.98, searchesPerSecond: 400 },
  { ef: 32, recall: 0.96, searchesPerSecond: 900 },
  { ef: 128, recall: 1, searchesPerSecond: 100 },
];

describe('rateAtRecall', () => {
  it('is the measured rate at a measured recall', () => {
    expect(rateAtRecall(curve, 0.98)).toBeCloseTo(400);
    expect(rateAtRecall(curve, 1)).toBeCloseTo(100);
  });

  it('is the geometric mean of its neighbours half way between them', () => {
    expect(rateAtRecall(curve, 0.99)).toBeCloseTo(200);
    expect(rateAtRecall(curve, 0.97)).toBeCloseTo(600);
  });

  it('does not continue the curve past what was measured', () => {
    expect(rateAtRecall(curve, 0.5)).toBe(900);
    expect(rateAtRecall(curve.slice(0, 2), 0.99)).toBeNull();
    expect(rateAtRecall([], 0.9)).toBeNull();
  });
});

describe('bestRateAtRecall', () => {
  it('takes the fastest curve among those that reach the recall', () => {
    const fastButPoor = [{ ef: 16, recall: 0.9, searchesPerSecond: 9_000 }];
    expect(bestRateAtRecall([fastButPoor, curve], 0.99)).toBeCloseTo(200);
    expect(bestRateAtRecall([fastButPoor], 0.99)).toBeNull();
  });
});
