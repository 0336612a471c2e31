import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../peers/until.js';
import { TestCluster } from './cluster-fixture.js';
import { createCollection, deleteOf, fill, idsFrom, setOf, upsertOf, write } from './points.js';

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start([1, 2, 3]);
});

afterEach(async () => {
  await cluster.stop();
});

const copies = (peer: number) => cluster.node(peer).events.filter(({ kind }) => kind === 'copied');

describe('a node that was away', () => {
  it('recovers its replica, with what was written and deleted meanwhile', async () => {
    await createCollection(cluster, 'c', [1, 2, 3]);
    await fill(cluster, 'c', 1, 1_000);
    await cluster.crash(1);
    await write(cluster, 'c', 2, upsertOf(idsFrom(2_000, 20)));
    await write(cluster, 'c', 2, deleteOf(idsFrom(100, 30)));
    await write(cluster, 'c', 3, setOf(idsFrom(500, 10), { late: true }));
    expect(cluster.stateOf('c', 1)).toBe('Dead');
    await cluster.startNode(1);
    await cluster.untilActive('c', [1, 2, 3]);
    expect(await cluster.untilEqual('c', [1, 2, 3])).toEqual({ count: 990 });
  });

  it('gets only the ranges that differ', async () => {
    await createCollection(cluster, 'c', [1, 2]);
    await fill(cluster, 'c', 1, 2_000);
    await cluster.crash(1);
    await write(cluster, 'c', 2, upsertOf([1_500], 7));
    await cluster.startNode(1);
    await cluster.untilActive('c', [1, 2]);
    expect(await cluster.untilEqual('c', [1, 2])).toEqual({ count: 2_000 });
    const [copy] = copies(2);
    expect(copy).toMatchObject({ points: 2_000, sentRanges: 1 });
    expect(copy?.kind === 'copied' ? copy.sentPoints : Infinity).toBeLessThanOrEqual(64);
    expect(copy?.kind === 'copied' ? copy.equalRanges : 0).toBeGreaterThan(5);
  });

  it('loses the points that the others lack', async () => {
    await createCollection(cluster, 'c', [1, 2]);
    await fill(cluster, 'c', 1, 300);
    await cluster.untilEqual('c', [1, 2]);
    // Between the others, behind all of them, and one that the others have in another form.
    await cluster.local('c', 1).write(upsertOf([1_000, 5_000, 17], 99), { wait: true });
    await cluster.local('c', 2).write(deleteOf([40, 41]), { wait: true });
    const { id } = cluster.opened(1).collections.get('c') ?? { id: 0 };
    cluster.agreement.agree({
      kind: 'set-replica-state',
      collection: id,
      shard: 0,
      peer: 1,
      state: 'Dead',
      from: null,
      seen: null,
    });
    await cluster.untilActive('c', [1, 2]);
    expect(await cluster.untilEqual('c', [1, 2])).toEqual({ count: 298 });
  });

  it('tries again for as long as its leader is away', async () => {
    await createCollection(cluster, 'c', [1, 2]);
    await fill(cluster, 'c', 1, 100);
    await cluster.crash(1);
    await write(cluster, 'c', 2, upsertOf([500]));
    await cluster.crash(2);
    await cluster.startNode(1);
    let asked = 0;
    cluster.tap = ({ method, from }) => {
      if (method === 'info' && from === 1) asked += 1;
    };
    await until('a second attempt', () => asked > 1);
    expect(cluster.transfers('c')).toEqual([]);
    await cluster.startNode(2);
    await cluster.untilActive('c', [1, 2]);
    expect(await cluster.untilEqual('c', [1, 2])).toEqual({ count: 101 });
  });

  it('waits for a quorum', async () => {
    await createCollection(cluster, 'c', [1, 2, 3]);
    await fill(cluster, 'c', 1, 100);
    await cluster.crash(1);
    await write(cluster, 'c', 2, upsertOf([500]));
    cluster.agreement.quorum = false;
    await cluster.startNode(1);
    await write(cluster, 'c', 2, upsertOf([501]), false);
    expect(cluster.stateOf('c', 1)).toBe('Dead');
    cluster.agreement.quorum = true;
    await cluster.untilActive('c', [1, 2, 3]);
    expect(await cluster.untilEqual('c', [1, 2, 3])).toEqual({ count: 102 });
  });
});

describe('dead replicas of several shards', () => {
  it('recover one after the other', async () => {
    await createCollection(cluster, 'c', [1, 2], 3);
    await fill(cluster, 'c', 1, 600);
    await cluster.crash(1);
    await write(cluster, 'c', 2, upsertOf(idsFrom(1_000, 50)));
    await cluster.startNode(1);
    let most = 0;
    cluster.tap = () => {
      most = Math.max(most, cluster.transfers('c').length);
    };
    await until('three Active replicas here', () =>
      [0, 1, 2].every((shard) => cluster.shardState('c', shard).replicas.every(({ state }) => state === 'Active')),
    );
    expect(most).toBe(1);
    expect(await cluster.untilEqual('c', [1, 2])).toEqual({ count: 650 });
  });
});
