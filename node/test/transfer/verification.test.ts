import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../peers/until.js';
import { TestCluster } from './cluster-fixture.js';
import { createCollection, deleteOf, fill, idsFrom, upsertOf, write } from './points.js';

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await TestCluster.start([1, 2, 3]);
});

afterEach(async () => {
  await cluster.stop();
});

const repairs = (peer: number) => cluster.node(peer).events.filter(({ kind }) => kind === 'repaired-range');

describe('a new leader', () => {
  it('repairs what the one before it left different, and no more', async () => {
    await createCollection(cluster, 'c', [1, 2, 3]);
    await fill(cluster, 'c', 1, 6_000);
    await cluster.untilEqual('c', [1, 2, 3]);
    // As if a leader had gone in the middle: one replica has writes that the next leader has not, and lacks others.
    await cluster.local('c', 1).write(upsertOf([9_000, 30], 9), { wait: true });
    await cluster.local('c', 1).write(deleteOf([4_321]), { wait: true });
    let replaced = 0;
    cluster.tap = ({ method }) => {
      if (method === 'replaceRange') replaced += 1;
    };
    await cluster.crash(3);
    await write(cluster, 'c', 2, upsertOf([7_000]));
    expect(await cluster.untilEqual('c', [1, 2])).toEqual({ count: 6_001 });
    expect(repairs(2).map((event) => ('to' in event ? event.to : null))).toEqual([1, 1, 1]);
    expect(replaced).toBe(3);
    expect(cluster.stateOf('c', 1)).toBe('Active');
  });

  it('sends nothing to replicas that are equal, whatever is written meanwhile', async () => {
    await createCollection(cluster, 'c', [1, 2, 3]);
    await fill(cluster, 'c', 1, 3_000);
    const compared = new Set<number>();
    let replaced = 0;
    cluster.tap = ({ method, to }) => {
      if (method === 'rangeDigest') compared.add(to);
      if (method === 'replaceRange' && to !== 3) replaced += 1;
    };
    await cluster.crash(3);
    for (let round = 0; round < 20; round += 1) {
      await write(cluster, 'c', 1 + (round % 2), upsertOf(idsFrom(1 + round * 100, 10), round));
    }
    await until('a comparison', () => compared.has(1));
    await cluster.startNode(3);
    await cluster.untilActive('c', [1, 2, 3]);
    await cluster.untilEqual('c', [1, 2, 3]);
    expect(replaced).toBe(0);
  });

  it('takes nobody for dead because of it', async () => {
    await createCollection(cluster, 'c', [1, 2, 3]);
    await fill(cluster, 'c', 1, 500);
    await cluster.untilEqual('c', [1, 2, 3]);
    await cluster.local('c', 2).write(upsertOf([800]), { wait: true });
    await cluster.crash(1);
    await cluster.crash(3);
    let asked = 0;
    cluster.tap = ({ method, to }) => {
      if (method === 'rangeDigest' && to === 1) asked += 1;
    };
    await cluster.startNode(3);
    await until('it to have asked in vain', () => asked > 1);
    expect(cluster.shardState('c').replicas.map(({ state }) => state)).toEqual(['Active', 'Active', 'Active']);
    await cluster.startNode(1);
    expect(await cluster.untilEqual('c', [1, 2, 3])).toEqual({ count: 500 });
    expect(repairs(3)).toHaveLength(1);
  });
});
