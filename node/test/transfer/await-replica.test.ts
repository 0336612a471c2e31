import { describe, expect, it } from 'vitest';
import type { ReplicaClock } from '../../src/replica/replica-clock.js';
import { PeerUnreachable, ReplicaRefused, type RangeDigest } from '../../src/replica/remote-replicas.js';
import { awaitReplica } from '../../src/transfer/await-replica.js';
import { TaskEnded } from '../../src/transfer/task-end.js';

const digest: RangeDigest = { digest: Buffer.alloc(16), count: 0, last: null, more: false };
const away = () => new PeerUnreachable(2, 'connection refused');
const opening = () => new ReplicaRefused(7, { kind: 'not-open' }, 'has not opened the shard');

/** Goes on as soon as somebody waits. */
function skippingClock(): ReplicaClock {
  let nowMs = 0;
  return {
    now: () => nowMs,
    after: (delayMs, work) => {
      nowMs += delayMs;
      queueMicrotask(work);
      return () => undefined;
    },
  };
}

/** What the peer answers: `failure` up to a time, then the digest. */
function asking(clock: ReplicaClock, failure: () => Error, untilMs: number) {
  let asked = 0;
  const remote = {
    rangeDigest: () => {
      asked += 1;
      return clock.now() < untilMs ? Promise.reject(failure()) : Promise.resolve(digest);
    },
  };
  return { remote, asked: () => asked };
}

describe('a replica is waited for', () => {
  it.each([
    ['while its peer is away for a moment', away, 4_000, 'ready'],
    ['no longer than that', away, 6_000, 'away'],
    ['while its peer opens the shard', opening, 60_000, 'ready'],
    ['which has its limit too', opening, 400_000, 'away'],
  ])('%s', async (_name, failure, untilMs, kind) => {
    const clock = skippingClock();
    const { remote, asked } = asking(clock, failure, untilMs);
    const signal = new AbortController().signal;
    const target = () => ({ collection: 1, shard: 0, metadataIndex: 3 });
    const options = { remote, clock, signal, target, unreachableMs: 5_000, openingMs: 300_000 };
    const awaited = await awaitReplica(2, options);
    expect(awaited.kind).toBe(kind);
    if (awaited.kind === 'away') expect(awaited.reason).toBe(failure().message);
    // Twice a second, after a quick beginning.
    expect(asked()).toBeLessThan(15 + Math.min(untilMs, 300_000) / 500);
  });

  it('only as long as its task goes on', async () => {
    const ending = new AbortController();
    const remote = { rangeDigest: () => new Promise<never>(() => undefined) };
    const target = () => ({ collection: 1, shard: 0, metadataIndex: 3 });
    const clock = skippingClock();
    const awaited = awaitReplica(2, {
      ...{ remote, clock, signal: ending.signal, target },
      unreachableMs: 5_000,
      openingMs: 5_000,
    });
    ending.abort();
    await expect(awaited).rejects.toThrow(TaskEnded);
  });
});
