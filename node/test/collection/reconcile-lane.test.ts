import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OpeningSlots } from '../../src/collection/opening-slots.js';
import { ReconcileLane } from '../../src/collection/reconcile-lane.js';

interface Pass {
  readonly end: () => void;
  readonly fail: (error: Error) => void;
}

/** A lane whose passes end when the test says so. */
function steppedLane(retryMs = 1000): { lane: ReconcileLane; passes: Pass[] } {
  const passes: Pass[] = [];
  const pass = (): Promise<void> => new Promise((end, fail) => passes.push({ end, fail }));
  return { lane: new ReconcileLane(pass, retryMs), passes };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

describe('a reconcile lane', () => {
  it('never makes two passes at a time, and one for all who come while one runs', async () => {
    const { lane, passes } = steppedLane();
    const first = lane.run();
    await settled();
    const [second, third] = [lane.run(), lane.run()];
    await settled();
    expect(passes).toHaveLength(1);
    expect(third).toBe(second);
    passes[0]?.end();
    await first;
    await settled();
    expect(passes).toHaveLength(2);
    passes[1]?.end();
    await second;
    expect(lane.idle).toBe(true);
  });

  it('tells of a failure, and tries again by itself', async () => {
    const { lane, passes } = steppedLane(1000);
    const failed = lane.run();
    const told = expect(failed).rejects.toThrow('no space');
    await settled();
    passes[0]?.fail(new Error('no space'));
    await told;
    await settled();
    expect(lane.idle).toBe(false);
    await vi.advanceTimersByTimeAsync(999);
    expect(passes).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(passes).toHaveLength(2);
    passes[1]?.end();
    await settled();
    expect(lane.idle).toBe(true);
  });

  it('begins nothing once it is stopped', async () => {
    const { lane, passes } = steppedLane();
    void lane.run();
    await settled();
    const waiting = lane.run();
    const stopped = lane.stop();
    passes[0]?.end();
    await Promise.all([stopped, waiting]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(passes).toHaveLength(1);
  });
});

describe('opening slots', () => {
  it('let so many in at once, the others in order', async () => {
    const slots = new OpeningSlots(2);
    const running: number[] = [];
    const end: (() => void)[] = [];
    const work = (n: number) =>
      slots.run(() => {
        running.push(n);
        return new Promise<void>((resolve) => (end[n] = resolve));
      });
    const all = [0, 1, 2, 3].map(work);
    await settled();
    expect(running).toEqual([0, 1]);
    end[1]?.();
    await settled();
    expect(running).toEqual([0, 1, 2]);
    end[0]?.();
    await settled();
    end[2]?.();
    end[3]?.();
    await Promise.all(all);
    expect(running).toEqual([0, 1, 2, 3]);
  });

  it('give a slot back after a failure', async () => {
    const slots = new OpeningSlots(1);
    await expect(slots.run(() => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(slots.run(() => Promise.resolve(7))).resolves.toBe(7);
  });
});
