import { describe, expect, it } from 'vitest';
import { readEventLoopDelay } from '../src/event-loop-delay.js';
import { concurrencySeen, median, percentile, summarize } from '../src/statistics.js';

describe('percentile', () => {
  const sorted = Float64Array.from({ length: 100 }, (_, index) => index + 1);

  it.each([
    [0.5, 50],
    [0.99, 99],
    [1, 100],
    [0, 1],
  ])('of one to a hundred at %d is %d', (share, value) => expect(percentile(sorted, share)).toBe(value));

  it('of nothing is not a number', () => expect(percentile(new Float64Array(), 0.5)).toBeNaN());
});

describe('summarize', () => {
  it('orders by value, not as text', () => {
    expect(summarize([100, 9, 20])).toEqual({ count: 3, meanMs: 43, p50Ms: 20, p99Ms: 100, maxMs: 100 });
    expect(median([100, 9, 20])).toBe(20);
  });
});

describe('concurrencySeen', () => {
  it('is the requests in flight by the law of Little', () => expect(concurrencySeen(2_000, 16)).toBe(32));
});

describe('readEventLoopDelay', () => {
  it('reads seconds and gives milliseconds', () => {
    const metrics = [
      '# TYPE event_loop_delay_seconds gauge',
      'event_loop_delay_seconds{quantile="0.5"} 0.001',
      'event_loop_delay_seconds{quantile="0.99"} 0.004',
      'event_loop_delay_seconds{quantile="1"} 0.03',
    ].join('\n');
    expect(readEventLoopDelay(metrics)).toEqual({ p99Ms: 4, maxMs: 30 });
  });

  it('says when the node reports none', () => expect(readEventLoopDelay('collections_total 1\n')).toBeNull());
});
