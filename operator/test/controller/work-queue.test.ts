import { expect, test } from 'vitest';
import { WorkQueue, type PassOutcome, type WorkQueueOptions } from '../../src/controller/work-queue.js';
import { VirtualClock } from '../world/virtual-clock.js';

interface Bench {
  readonly clock: VirtualClock;
  readonly queue: WorkQueue;
  /** `key@time` of the beginning of each pass. */
  readonly passes: string[];
}

function bench(
  work: (key: string, clock: VirtualClock) => Promise<PassOutcome>,
  more: Partial<WorkQueueOptions> = {},
): Bench {
  const clock = new VirtualClock();
  const passes: string[] = [];
  const queue = new WorkQueue({
    clock,
    random: () => 1,
    concurrency: 2,
    pauseMs: 100,
    firstBackOffMs: 500,
    longestBackOffMs: 4000,
    ...more,
    work: (key) => {
      passes.push(`${key}@${clock.monotonicMs()}`);
      return work(key, clock);
    },
  });
  return { clock, queue, passes };
}

const done = (): Promise<PassOutcome> => Promise.resolve({ kind: 'done' });

test('a burst of events makes one pass, and one more when an event came while it ran', async () => {
  const { clock, queue, passes } = bench(async (_key, time) => {
    await time.sleep(50);
    return { kind: 'done' };
  });
  queue.add('a');
  queue.add('a');
  await clock.run(20);
  queue.add('a');
  queue.add('a');
  await clock.run(1000);
  expect(passes).toEqual(['a@0', 'a@150']);
});

test('passes of one cluster follow each other; of others as many run as there are places', async () => {
  const running = new Set<string>();
  let most = 0;
  const { clock, queue, passes } = bench(async (key, time) => {
    expect(running.has(key)).toBe(false);
    running.add(key);
    most = Math.max(most, running.size);
    await time.sleep(30);
    running.delete(key);
    return { kind: 'done' };
  });
  for (const key of ['a', 'b', 'c', 'a']) queue.add(key);
  await clock.run(0);
  expect(queue.depth).toBe(1);
  expect(queue.running).toBe(2);
  await clock.run(1000);
  expect(most).toBe(2);
  expect(passes).toEqual(['a@0', 'b@0', 'c@30', 'a@130']);
});

test('a pass that asks to look again comes back then, or with the first event before', async () => {
  const { clock, queue, passes } = bench(() => Promise.resolve({ kind: 'look-again', afterMs: 1000 }));
  queue.add('a');
  await clock.run(1200);
  queue.add('a');
  await clock.run(1500);
  expect(passes).toEqual(['a@0', 'a@1000', 'a@1200', 'a@2200']);
});

test('failures in a row wait longer and longer, up to a limit, and success forgets them', async () => {
  const outcomes: PassOutcome[] = [];
  for (let i = 0; i < 5; i += 1) outcomes.push({ kind: 'failed', retryAfterMs: null });
  outcomes.push({ kind: 'look-again', afterMs: 10_000 }, { kind: 'failed', retryAfterMs: null });
  const { clock, queue, passes } = bench(() => Promise.resolve(outcomes.shift() ?? { kind: 'done' }));
  queue.add('a');
  await clock.run(60_000);
  expect(passes).toEqual(['a@0', 'a@500', 'a@1500', 'a@3500', 'a@7500', 'a@11500', 'a@21500', 'a@22000']);
});

test('a server that asks for a pause gets it, events or not', async () => {
  const outcomes: PassOutcome[] = [{ kind: 'failed', retryAfterMs: 3000 }];
  const { clock, queue, passes } = bench(() => Promise.resolve(outcomes.shift() ?? { kind: 'done' }));
  queue.add('a');
  await clock.run(100);
  queue.add('a');
  await clock.run(10_000);
  expect(passes).toEqual(['a@0', 'a@3000']);
});

test('an event brings a failing cluster back early, but not at once', async () => {
  const { clock, queue, passes } = bench(() => Promise.resolve({ kind: 'failed', retryAfterMs: null }));
  queue.add('a');
  await clock.run(4000);
  expect(passes).toEqual(['a@0', 'a@500', 'a@1500', 'a@3500']);
  queue.add('a');
  await clock.run(10);
  expect(passes.at(-1)).toBe('a@4000');
});

test('a pass that throws holds back its own cluster only', async () => {
  const { clock, queue, passes } = bench((key) => (key === 'bad' ? Promise.reject(new Error('defect')) : done()));
  queue.add('bad');
  queue.add('good');
  await clock.run(600);
  expect(passes).toEqual(['bad@0', 'good@0', 'bad@500']);
});

test('stopping begins nothing more and waits for what runs', async () => {
  const { clock, queue, passes } = bench(async (_key, time) => {
    await time.sleep(100);
    return { kind: 'look-again', afterMs: 1 };
  });
  queue.add('a');
  await clock.run(10);
  let stopped = false;
  const stopping = queue.stop().then(() => (stopped = true));
  queue.add('b');
  await clock.run(50);
  expect(stopped).toBe(false);
  await clock.run(50);
  expect(stopped).toBe(true);
  await stopping;
  await clock.run(1000);
  expect(passes).toEqual(['a@0']);
});
