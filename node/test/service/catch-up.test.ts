import { describe, expect, it } from 'vitest';
import { catchUp } from '../../src/service/catch-up.js';
import { MemoryConsensus, self, smallCollection } from '../collection/collections-fixture.js';

const others = [2, 3];

async function clusterOfThree(): Promise<MemoryConsensus> {
  const consensus = new MemoryConsensus();
  for (const peer of others) await consensus.propose({ kind: 'add-peer', peer, uri: `http://node-${peer}:6335` });
  return consensus;
}

/** Runs until it ends or has asked the others so often without ending. */
async function caughtUp(
  consensus: MemoryConsensus,
  commits: () => ReadonlyMap<number, number>,
  onAsk: (round: number) => Promise<unknown> = () => Promise.resolve(),
): Promise<boolean> {
  let rounds = 0;
  let stopped = false;
  await catchUp({
    consensus,
    commitIndexes: async () => {
      rounds += 1;
      if (rounds > 10) stopped = true;
      await onAsk(rounds);
      return commits();
    },
    pause: () => new Promise((resolve) => setImmediate(resolve)),
    stopped: () => stopped,
  });
  return !stopped;
}

describe('a node has caught up', () => {
  it('at once when it is alone', async () => {
    expect(await caughtUp(new MemoryConsensus(), () => new Map())).toBe(true);
  });

  it('when the others know nothing newer', async () => {
    const consensus = await clusterOfThree();
    const { appliedIndex } = consensus.state;
    expect(await caughtUp(consensus, () => new Map(others.map((peer) => [peer, appliedIndex])))).toBe(true);
  });

  it('when it has applied what one of them had committed', async () => {
    const consensus = await clusterOfThree();
    const target = consensus.state.appliedIndex + 1;
    let behind = true;
    const done = caughtUp(
      consensus,
      () => new Map([[2, target]]),
      (round) => {
        if (round !== 1) return Promise.resolve();
        setImmediate(() => {
          behind = false;
          void consensus.propose({ kind: 'update-peer', peer: self, version: '1' });
        });
        return Promise.resolve();
      },
    );
    expect(await done).toBe(true);
    expect(behind).toBe(false);
  });

  it('not while too few of the others answer', async () => {
    expect(await caughtUp(await clusterOfThree(), () => new Map())).toBe(false);
  });

  it('not before its replicas are in order, and whatever breaks afterwards', async () => {
    const consensus = await clusterOfThree();
    const config = smallCollection(2);
    const placement = [
      [self, 2],
      [self, 2],
    ];
    const { index: collection } = await consensus.propose({
      kind: 'create-collection',
      name: 'a',
      config,
      placement,
    });
    const { appliedIndex } = consensus.state;
    let ended = false;
    const done = caughtUp(consensus, () => new Map(others.map((peer) => [peer, appliedIndex]))).finally(
      () => (ended = true),
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(ended).toBe(false);
    await consensus.propose({ kind: 'activate-replicas', collection, peer: self, shards: [0] });
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(false);
    await consensus.propose({ kind: 'activate-replicas', collection, peer: self, shards: [1] });
    expect(await done).toBe(true);
  });
});
