import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ConnectError } from '../../src/peers/connect-error.js';
import { SilenceWatch } from '../../src/peers/silence-watch.js';

class FakeConnection {
  ended: ConnectError | null = null;
  hellos = 0;
  abandoned: string | null = null;
  answers = true;

  sayHello(timeoutMs: number): Promise<void> {
    this.hellos += 1;
    if (this.answers) return Promise.resolve();
    return new Promise((_, reject) => setTimeout(() => reject(new Error('No answer in time')), timeoutMs));
  }

  abandon(reason: string): void {
    this.abandoned = reason;
  }
}

let connection: FakeConnection;
let awaited: boolean;
let watch: SilenceWatch;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  connection = new FakeConnection();
  awaited = true;
  watch = new SilenceWatch(connection, () => awaited);
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a peer from which answers are awaited', () => {
  it('is not asked while they come', async () => {
    watch.begin();
    for (let elapsedMs = 0; elapsedMs < 5_000; elapsedMs += 500) {
      await vi.advanceTimersByTimeAsync(500);
      watch.heard();
    }
    expect(connection.hellos).toBe(0);
  });

  it('is asked each second while it is silent, and kept while it says that it is there', async () => {
    watch.begin();
    await vi.advanceTimersByTimeAsync(5_500);
    expect(connection.hellos).toBe(5);
    expect(connection.abandoned).toBeNull();
  });

  it('is given up when it says nothing at all', async () => {
    connection.answers = false;
    watch.begin();
    await vi.advanceTimersByTimeAsync(2_400);
    expect(connection.abandoned).toBeNull();
    await vi.advanceTimersByTimeAsync(200);
    expect(connection.abandoned).toContain('2500 ms');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is kept when an answer comes while it is asked', async () => {
    connection.answers = false;
    watch.begin();
    await vi.advanceTimersByTimeAsync(1_800);
    watch.heard();
    awaited = false;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(connection.abandoned).toBeNull();
  });

  it('costs no timer once nothing is awaited', async () => {
    watch.begin();
    awaited = false;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(connection.hellos).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
