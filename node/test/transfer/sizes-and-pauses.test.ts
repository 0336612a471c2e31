import { describe, expect, it } from 'vitest';
import { RangeSizes } from '../../src/transfer/range-sizes.js';
import { RetryPauses } from '../../src/transfer/retry-pauses.js';

const limits = { sentBytes: 1_000, sentPointsMax: 500, comparedPointsMax: 4_000 };

describe('the sizes of ranges', () => {
  it.each([
    ['small points', 2, 500],
    ['large points', 100, 10],
    ['points larger than a message', 5_000, 1],
  ])('come to what a message takes: %s', (_name, pointBytes, expected) => {
    const sizes = new RangeSizes(limits);
    for (let range = 0; range < 5; range += 1) sizes.noteSent(sizes.sent, sizes.sent * pointBytes);
    expect(sizes.sent).toBe(expected);
  });

  it('grow by four at most, and shrink at once', () => {
    const sizes = new RangeSizes(limits);
    const first = sizes.sent;
    sizes.noteSent(first, first);
    expect(sizes.sent).toBe(4 * first);
    sizes.noteSent(4 * first, 4 * first * 500);
    expect(sizes.sent).toBe(2);
  });

  it('are no matter of ranges that were empty', () => {
    const sizes = new RangeSizes(limits);
    const { sent } = sizes;
    sizes.noteSent(0, 40);
    expect(sizes.sent).toBe(sent);
  });

  it('double while everything is equal, up to a limit, and fall back', () => {
    const sizes = new RangeSizes(limits);
    const seen: number[] = [];
    for (let range = 0; range < 8; range += 1) {
      seen.push(sizes.compared);
      sizes.noteEqual();
    }
    expect(seen).toEqual([64, 128, 256, 512, 1_024, 2_048, 4_000, 4_000]);
    sizes.noteDifferent();
    expect(sizes.compared).toBe(sizes.sent);
    sizes.noteEqual();
    expect(sizes.compared).toBe(2 * sizes.sent);
  });
});

describe('pauses', () => {
  const pauses = (random: number) => new RetryPauses<string>({ firstMs: 1_000, longestMs: 60_000 }, () => random);

  it('double with each failure in a row', () => {
    const retries = pauses(1);
    const waited = Array.from({ length: 8 }, () => {
      retries.noteFailure('a', 0);
      return retries.dueMs('a');
    });
    expect(waited).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  });

  it('are shortened by chance, by half at most', () => {
    const retries = pauses(0);
    retries.noteFailure('a', 5_000);
    expect(retries.isDue('a', 5_499)).toBe(false);
    expect(retries.isDue('a', 5_500)).toBe(true);
  });

  it('are those of one key, and are forgotten with it', () => {
    const retries = pauses(1);
    retries.noteFailure('a', 0);
    retries.noteFailure('b', 0);
    expect(retries.isDue('c', 0)).toBe(true);
    retries.keepOnly(new Set(['b']));
    expect(retries.isDue('a', 0)).toBe(true);
    expect(retries.isDue('b', 0)).toBe(false);
  });
});
