import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { ScrubProgress } from '../../src/engine/addon.js';
import { EngineError } from '../../src/engine/engine-error.js';
import { RowScrub, scrubStep } from '../../src/shard/row-scrub.js';

const block = 256 * 1024;
const dayMs = 24 * 3_600_000;
const pace = { scrubPassMs: dayMs, scrubBytesPerSecondMin: 64 * 1024, scrubPauseMs: 1_000 };

/** Reads as it is asked to. */
class FakeRows {
  readonly reads: { readonly atMs: number; readonly maxBytes: number }[] = [];
  failure: Error | null = null;
  #position = 0;

  constructor(public bytes: number) {}

  blockBytes(): number {
    return this.bytes;
  }

  scrub(maxBytes: number): Promise<ScrubProgress> {
    this.reads.push({ atMs: performance.now(), maxBytes });
    if (this.failure !== null) return Promise.reject(this.failure);
    const scanned = Math.min(maxBytes, this.bytes - this.#position);
    this.#position += scanned;
    const finished = this.#position === this.bytes;
    if (finished) this.#position = 0;
    return Promise.resolve({ scanned, finished });
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('the pace of a scrub', () => {
  it('is a block every four seconds for what is small', () => {
    expect(scrubStep(block, pace)).toEqual({ maxBytes: block, bytesPerMs: 65.536 });
  });

  it('is a pass a day for what is large, in pieces a second apart', () => {
    const bytes = 400 * 2 ** 30;
    const { maxBytes, bytesPerMs } = scrubStep(bytes, pace);
    expect(bytes / bytesPerMs).toBeCloseTo(dayMs);
    expect(maxBytes).toBe(18 * block);
  });
});

describe('a scrub', () => {
  it('has no timer before there is a complete block', async () => {
    const rows = new FakeRows(0);
    const scrub = new RowScrub(rows, pace, () => undefined);
    scrub.wake();
    expect(vi.getTimerCount()).toBe(0);
    rows.bytes = block;
    scrub.wake();
    scrub.wake();
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(rows.reads).toHaveLength(1);
  });

  it('rests between two passes, and begins one a day', async () => {
    const rows = new FakeRows(3 * block);
    const scrub = new RowScrub(rows, pace, () => undefined);
    const startMs = performance.now();
    scrub.wake();
    await vi.advanceTimersByTimeAsync(2 * dayMs);
    expect(rows.reads.map(({ atMs }) => atMs - startMs)).toEqual([
      4_000,
      8_000,
      12_000,
      dayMs + 4_000,
      dayMs + 8_000,
      dayMs + 12_000,
    ]);
  });

  it('ends with the first damage', async () => {
    const rows = new FakeRows(3 * block);
    const failures: unknown[] = [];
    const scrub = new RowScrub(rows, pace, (error) => failures.push(error));
    scrub.wake();
    rows.failure = new EngineError('CORRUPT', 'damaged');
    await vi.advanceTimersByTimeAsync(10 * dayMs);
    expect(failures).toEqual([rows.failure]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('goes on after what kept the disk from being asked', async () => {
    const rows = new FakeRows(3 * block);
    const failures: unknown[] = [];
    const scrub = new RowScrub(rows, pace, (error) => failures.push(error));
    scrub.wake();
    rows.failure = new EngineError('IO', 'too many open files');
    await vi.advanceTimersByTimeAsync(4_000);
    expect(failures).toHaveLength(1);
    rows.failure = null;
    await vi.advanceTimersByTimeAsync(dayMs);
    expect(rows.reads).toHaveLength(2);
  });

  it('begins nothing after its end', async () => {
    const rows = new FakeRows(3 * block);
    const scrub = new RowScrub(rows, pace, () => undefined);
    scrub.wake();
    await vi.advanceTimersByTimeAsync(4_000);
    scrub.stop();
    scrub.wake();
    await vi.advanceTimersByTimeAsync(dayMs);
    expect(rows.reads).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});
