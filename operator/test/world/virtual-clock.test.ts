import { expect, test } from 'vitest';
import { VirtualClock } from './virtual-clock.js';

test('time passes only while everything waits for it, in the order of the timers', async () => {
  const clock = new VirtualClock();
  const seen: string[] = [];
  const worker = async (name: string, periodMs: number): Promise<void> => {
    for (let i = 0; i < 3; i += 1) {
      await clock.sleep(periodMs);
      seen.push(`${name}@${clock.monotonicMs()}`);
    }
  };
  const all = Promise.all([worker('a', 20), worker('b', 30)]);
  expect(await clock.runUntil(() => seen.length === 6, 1000)).toBe(true);
  await all;
  expect(seen).toEqual(['a@20', 'b@30', 'a@40', 'b@60', 'a@60', 'b@90']);
});

test('a sleep that is aborted ends at once, and its timer is gone', async () => {
  const clock = new VirtualClock();
  const abort = new AbortController();
  const sleeping = clock.sleep(1000, abort.signal);
  abort.abort(new Error('stop'));
  await expect(sleeping).rejects.toThrow('stop');
  expect(await clock.runUntil(() => false, 10)).toBe(false);
  expect(clock.monotonicMs()).toBe(10);
});
