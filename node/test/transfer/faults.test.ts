import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../peers/until.js';
import { limits, TestCluster } from './cluster-fixture.js';
import { createCollection, deleteOf, fill, idsFrom, upsertOf, write } from './points.js';

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start([1, 2, 3]);
});

afterEach(async () => {
  cluster.tap = () => undefined;
  await cluster.stop();
});

function start(collection: number, from: number, to: number, sync = true): number {
  const kind = 'start-transfer';
  const applied = cluster.agreement.agree({ kind, collection, shard: 0, from, to, sync, method: 'stream_records' });
  expect(applied.rejection).toBeNull();
  return applied.index;
}

/** Holds calls of a kind after the first few. Resolves when one is held; `release` lets all of them go on. */
function hold(method: 'replaceRange' | 'rangeDigest', from: number, after: number) {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let calls = 0;
  const holding = new Promise<void>((resolve) => {
    cluster.tap = (call) => {
      if (call.method !== method || call.from !== from) return undefined;
      calls += 1;
      if (calls <= after) return undefined;
      resolve();
      return released;
    };
  });
  return { holding, release };
}

const kinds = (peer: number) => cluster.node(peer).events.map(({ kind }) => kind);

describe('the target crashes while a shard is copied to it', () => {
  it('and a replica that was added for it goes', async () => {
    const id = await createCollection(cluster, 'c', [1, 2]);
    await fill(cluster, 'c', 1, 1_000);
    const { holding, release } = hold('replaceRange', 2, 3);
    start(id, 2, 3);
    await holding;
    const crashed = cluster.crash(3);
    release();
    await crashed;
    await cluster.untilActive('c', [1, 2]);
    await write(cluster, 'c', 1, upsertOf([9_000]));
    expect(await cluster.untilEqual('c', [1, 2])).toEqual({ count: 1_001 });
  });

  it('and one that was being recovered is recovered when it is back', async () => {
    await createCollection(cluster, 'c', [1, 2]);
    await fill(cluster, 'c', 1, 1_000);
    await cluster.crash(1);
    await write(cluster, 'c', 2, deleteOf(idsFrom(1, 700)));
    const { holding, release } = hold('replaceRange', 2, 0);
    await cluster.startNode(1);
    await holding;
    expect(cluster.stateOf('c', 1)).toBe('Partial');
    const crashed = cluster.crash(1);
    release();
    await crashed;
    await until('the copy to be given up', () => cluster.stateOf('c', 1) === 'Dead');
    await cluster.startNode(1);
    await cluster.untilActive('c', [1, 2]);
    expect(await cluster.untilEqual('c', [1, 2])).toEqual({ count: 300 });
  });
});

describe('the target is away for a moment', () => {
  it('and the same transfer goes on, when it missed nothing', async () => {
    await cluster.stop();
    cluster = await TestCluster.start([1, 2, 3], { ...limits, unreachableMs: 5_000 });
    const id = await createCollection(cluster, 'c', [2]);
    await fill(cluster, 'c', 2, 1_000);
    // The first asks whether it is there; the rest compare, and nothing is on its way to be written.
    const { holding, release } = hold('rangeDigest', 2, 1);
    const transfer = start(id, 2, 1);
    await holding;
    await cluster.crash(1);
    release();
    await cluster.startNode(1);
    expect(cluster.transfers('c')).toMatchObject([{ id: transfer }]);
    await cluster.untilActive('c', [1, 2]);
    expect(kinds(2)).toEqual(['copied']);
    expect(await cluster.untilEqual('c', [1, 2])).toEqual({ count: 1_000 });
  });

  it('and the transfer ends, when it missed a write', async () => {
    const id = await createCollection(cluster, 'c', [2]);
    await fill(cluster, 'c', 2, 1_000);
    const { holding, release } = hold('rangeDigest', 2, 1);
    const transfer = start(id, 2, 1);
    await holding;
    await cluster.crash(1);
    expect(await write(cluster, 'c', 2, upsertOf([5_000]))).toMatchObject({ status: 'completed' });
    expect(cluster.stateOf('c', 1)).toBeNull();
    release();
    await cluster.startNode(1);
    await until('nothing to be driven', () => cluster.opened(2).transfers.progress(id, transfer) === null);
    expect(cluster.shardState('c').replicas).toEqual([{ peer: 2, state: 'Active' }]);
  });

  it('and a replica that missed a write while it was recovered begins again', async () => {
    await createCollection(cluster, 'c', [1, 2]);
    await fill(cluster, 'c', 1, 500);
    await cluster.crash(1);
    await write(cluster, 'c', 2, upsertOf([600]));
    const { holding, release } = hold('rangeDigest', 2, 1);
    await cluster.startNode(1);
    await holding;
    const [first] = cluster.transfers('c');
    await cluster.crash(1);
    await write(cluster, 'c', 2, upsertOf([601, 3], 5));
    expect(cluster.stateOf('c', 1)).toBe('Dead');
    release();
    await cluster.startNode(1);
    await cluster.untilActive('c', [1, 2]);
    expect(first).toMatchObject({ to: 1 });
    expect(await cluster.untilEqual('c', [1, 2])).toEqual({ count: 502 });
  });
});

describe('the target cannot be reached', () => {
  it('and the transfer is aborted', async () => {
    const id = await createCollection(cluster, 'c', [2]);
    await fill(cluster, 'c', 2, 100);
    await cluster.crash(3);
    start(id, 2, 3);
    await cluster.untilActive('c', [2]);
    expect(cluster.node(2).events).toEqual([
      expect.objectContaining({
        kind: 'given-up',
        to: 3,
        reason: expect.stringContaining('cannot be reached') as string,
      }),
    ]);
  });
});

describe('the leader crashes while it copies', () => {
  it('and the next leader begins again', async () => {
    const id = await createCollection(cluster, 'c', [2, 3]);
    await fill(cluster, 'c', 2, 1_000);
    const { holding, release } = hold('replaceRange', 3, 3);
    start(id, 2, 1);
    await holding;
    const crashed = cluster.crash(3);
    release();
    await crashed;
    await write(cluster, 'c', 2, upsertOf([1_500]));
    await until('the next leader to finish', () => cluster.stateOf('c', 1) === 'Active');
    expect(kinds(2)).toContain('copied');
    await cluster.startNode(3);
    await cluster.untilActive('c', [1, 2, 3]);
    expect(await cluster.untilEqual('c', [1, 2, 3])).toEqual({ count: 1_001 });
  });

  it('and goes on after a restart, when it still leads', async () => {
    const id = await createCollection(cluster, 'c', [3]);
    await fill(cluster, 'c', 3, 1_000);
    const { holding, release } = hold('rangeDigest', 3, 1);
    const transfer = start(id, 3, 1);
    await holding;
    const crashed = cluster.crash(3);
    release();
    await crashed;
    expect(cluster.transfers('c')).toMatchObject([{ id: transfer }]);
    await cluster.startNode(3);
    await cluster.untilActive('c', [1, 3]);
    expect(await cluster.untilEqual('c', [1, 3])).toEqual({ count: 1_000 });
  });
});

describe('another peer becomes leader while a shard is copied', () => {
  it('and drives the transfer to its end', async () => {
    const id = await createCollection(cluster, 'c', [2, 3]);
    await fill(cluster, 'c', 2, 1_000);
    const { holding, release } = hold('replaceRange', 3, 3);
    start(id, 2, 1);
    await holding;
    cluster.agreement.agree({ kind: 'drop-replica', collection: id, shard: 0, peer: 3 });
    release();
    await cluster.untilActive('c', [1, 2]);
    expect(kinds(2)).toEqual(['copied']);
    expect(kinds(3)).toEqual([]);
    expect(await cluster.untilEqual('c', [1, 2])).toEqual({ count: 1_000 });
  });

  it('and compares a target that the leader before it had finished too late', async () => {
    const id = await createCollection(cluster, 'c', [2, 3]);
    await fill(cluster, 'c', 2, 1_000);
    const { holding, release } = hold('replaceRange', 3, 3);
    const transfer = start(id, 2, 1);
    await holding;
    cluster.agreement.agree({ kind: 'finish-transfer', collection: id, transfer });
    release();
    expect(await cluster.untilEqual('c', [1, 2, 3])).toEqual({ count: 1_000 });
    expect(cluster.shardState('c').replicas.map(({ state }) => state)).toEqual(['Active', 'Active', 'Active']);
  });
});

describe('an abort by request', () => {
  it('ends the copy, and nothing is left of it', async () => {
    const id = await createCollection(cluster, 'c', [2]);
    await fill(cluster, 'c', 2, 1_000);
    const { holding, release } = hold('replaceRange', 2, 3);
    const transfer = start(id, 2, 1);
    await holding;
    cluster.agreement.agree({ kind: 'abort-transfer', collection: id, transfer, reason: 'by request' });
    release();
    await until('the copy to end', () => cluster.opened(2).transfers.progress(id, transfer) === null);
    await until('the shard of the target to go', () => cluster.opened(1).collections.get('c')?.locals.get(0) === null);
    expect(cluster.shardState('c').replicas).toEqual([{ peer: 2, state: 'Active' }]);
    expect(kinds(2)).toEqual([]);
    await write(cluster, 'c', 1, upsertOf([2_000]));
  });
});

describe('without a quorum', () => {
  it('a copy that has ended is finished when there is one again', async () => {
    const id = await createCollection(cluster, 'c', [2]);
    await fill(cluster, 'c', 2, 300);
    start(id, 2, 1);
    cluster.agreement.quorum = false;
    await until('the copy', () => kinds(2).includes('copied'));
    expect(cluster.stateOf('c', 1)).toBe('Partial');
    cluster.agreement.quorum = true;
    await cluster.untilActive('c', [1, 2]);
  });

  it('a target that misses a write after its copy never becomes Active by it', async () => {
    const id = await createCollection(cluster, 'c', [2]);
    await fill(cluster, 'c', 2, 300);
    start(id, 2, 1);
    cluster.agreement.quorum = false;
    await until('the copy', () => kinds(2).includes('copied'));
    await cluster.crash(1);
    expect(await write(cluster, 'c', 2, upsertOf([5_000]), false)).toMatchObject({ status: 'acknowledged' });
    await cluster.startNode(1);
    cluster.agreement.quorum = true;
    await until('the end of the transfer', () => cluster.transfers('c').length === 0);
    expect(cluster.shardState('c').replicas).toEqual([{ peer: 2, state: 'Active' }]);
  });
});
