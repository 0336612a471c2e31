import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { MetadataOperation } from '../../src/metadata/metadata-operation.js';
import { until } from '../peers/until.js';
import { limits, TestCluster } from './cluster-fixture.js';
import { createCollection, deleteOf, fill, idsFrom, setOf, upsertOf, write } from './points.js';

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start([1, 2, 3]);
});

afterEach(async () => {
  await cluster.stop();
});

function start(collection: number, from: number, to: number, sync: boolean): void {
  const operation: MetadataOperation = {
    kind: 'start-transfer',
    collection,
    shard: 0,
    from,
    to,
    sync,
    method: 'stream_records',
  };
  expect(cluster.agreement.agree(operation).rejection).toBeNull();
}

describe('a copy', () => {
  it('ends with an Active replica that holds the same', async () => {
    const id = await createCollection(cluster, 'c', [1]);
    await fill(cluster, 'c', 1, 1_000);
    start(id, 1, 2, true);
    await cluster.untilActive('c', [1, 2]);
    expect(await cluster.untilEqual('c', [1, 2])).toEqual({ count: 1_000 });
    expect(cluster.node(1).events).toEqual([
      expect.objectContaining({ kind: 'copied', to: 2, points: 1_000, sentPoints: 1_000 }),
    ]);
  });

  it('of an empty shard ends too', async () => {
    const id = await createCollection(cluster, 'c', [1]);
    start(id, 1, 3, true);
    await cluster.untilActive('c', [1, 3]);
    expect(await cluster.untilEqual('c', [1, 3])).toEqual({ count: 0 });
  });

  it('goes on while points are written, changed and deleted', async () => {
    const id = await createCollection(cluster, 'c', [1, 2]);
    await fill(cluster, 'c', 1, 2_000);
    let writing = true;
    const writer = async (peer: number): Promise<number> => {
      let rounds = 0;
      for (; writing; rounds += 1) {
        const first = 1 + ((rounds * 37 + peer * 611) % 2_200);
        await write(cluster, 'c', peer, upsertOf(idsFrom(first, 5), rounds));
        await write(cluster, 'c', peer, setOf(idsFrom(first + 2, 6), { touched: peer }));
        await write(cluster, 'c', peer, deleteOf([first + 4, first + 9]));
      }
      return rounds;
    };
    const writers = [1, 2, 3].map(writer);
    start(id, 1, 3, true);
    await cluster.untilActive('c', [1, 2, 3]);
    writing = false;
    const rounds = await Promise.all(writers);
    expect(Math.min(...rounds)).toBeGreaterThan(0);
    const { count } = await cluster.untilEqual('c', [1, 2, 3]);
    expect(count).toBeGreaterThan(1_500);
  });
});

describe('a copy to a replica that has next to nothing', () => {
  const fewPoints = 20;

  beforeEach(async () => {
    await cluster.stop();
    cluster = await TestCluster.start([1, 2, 3], { ...limits, fewPoints });
  });

  it('compares nothing', async () => {
    const id = await createCollection(cluster, 'c', [1]);
    await fill(cluster, 'c', 1, 1_000);
    const asked: string[] = [];
    cluster.tap = ({ method }) => {
      asked.push(method);
    };
    start(id, 1, 2, true);
    await cluster.untilActive('c', [1, 2]);
    const copying = asked.slice(asked.indexOf('replaceRange'), asked.lastIndexOf('replaceRange'));
    expect(new Set(copying)).toEqual(new Set(['replaceRange']));
    expect(cluster.node(1).events).toEqual([
      expect.objectContaining({ kind: 'copied', to: 2, points: 1_000, sentPoints: 1_000, equalRanges: 0 }),
    ]);
    expect(await cluster.untilEqual('c', [1, 2])).toEqual({ count: 1_000 });
  });

  it('goes on while points are written and deleted', async () => {
    const id = await createCollection(cluster, 'c', [1]);
    await fill(cluster, 'c', 1, 1_500);
    let sent = 0;
    cluster.tap = ({ method }) => {
      if (method === 'replaceRange') sent += 1;
    };
    start(id, 1, 3, true);
    await until('some ranges to be sent', () => sent > 2);
    let rounds = 0;
    for (; cluster.transfers('c').length > 0; rounds += 1) {
      const first = 1 + ((rounds * 371) % 1_600);
      await write(cluster, 'c', 2, upsertOf(idsFrom(first, 5), rounds));
      await write(cluster, 'c', 2, deleteOf([first + 4, first + 9]));
    }
    expect(rounds).toBeGreaterThan(0);
    await cluster.untilActive('c', [1, 3]);
    expect((await cluster.untilEqual('c', [1, 3])).count).toBeGreaterThan(1_000);
  });

  it('is given up when the target is gone', async () => {
    const id = await createCollection(cluster, 'c', [1]);
    await fill(cluster, 'c', 1, 1_000);
    const crashed: Promise<void>[] = [];
    cluster.tap = ({ method }) => {
      if (method === 'replaceRange' && crashed.length === 0) crashed.push(cluster.crash(2));
    };
    start(id, 1, 2, true);
    await until('the copy to be given up', () => cluster.transfers('c').length === 0);
    await Promise.all(crashed);
    expect(cluster.shardState('c').replicas).toEqual([{ peer: 1, state: 'Active' }]);
  });
});

describe('a move', () => {
  it('takes the source away when the target has everything, not before', async () => {
    const id = await createCollection(cluster, 'c', [2]);
    await fill(cluster, 'c', 2, 800);
    const before: string[] = [];
    cluster.tap = ({ method }) => {
      if (method !== 'replaceRange') return;
      before.push(
        cluster
          .shardState('c')
          .replicas.map(({ peer, state }) => `${peer}:${state}`)
          .join(' '),
      );
    };
    start(id, 2, 1, false);
    await cluster.untilActive('c', [1]);
    expect(new Set(before)).toEqual(new Set(['1:Partial 2:Active']));
    expect(await cluster.contents('c', 1)).toMatchObject({ count: 800 });
    await until('the shard of the source to go', () => cluster.opened(2).collections.get('c')?.locals.get(0) === null);
  });

  it('of a shard that another peer leads is driven by that peer', async () => {
    const id = await createCollection(cluster, 'c', [1, 3]);
    await fill(cluster, 'c', 1, 300);
    start(id, 1, 2, false);
    await cluster.untilActive('c', [2, 3]);
    expect(cluster.node(3).events).toEqual([expect.objectContaining({ kind: 'copied', to: 2 })]);
    expect(cluster.node(1).events).toEqual([]);
    expect(await cluster.untilEqual('c', [2, 3])).toEqual({ count: 300 });
  });
});

describe('the progress of a copy', () => {
  it('is known while it goes on, to the peer that drives it', async () => {
    const id = await createCollection(cluster, 'c', [1]);
    await fill(cluster, 'c', 1, 1_000);
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let sent = 0;
    cluster.tap = ({ method }) => {
      if (method === 'replaceRange') sent += 1;
      return sent > 5 ? held : undefined;
    };
    start(id, 1, 2, true);
    const [transfer] = cluster.transfers('c');
    const progress = (peer: number) => cluster.opened(peer).transfers.progress(id, transfer?.id ?? 0);
    await until('some progress', () => (progress(1)?.done ?? 0) > 0);
    expect(progress(1)).toMatchObject({ total: 1_000 });
    expect(progress(1)?.done).toBeLessThan(1_000);
    expect(progress(2)).toBeNull();
    release();
    await cluster.untilActive('c', [1, 2]);
    await until('the end', () => progress(1) === null);
  });
});
