import { afterEach, describe, expect, it } from 'vitest';
import { ClusterCollection, pointOf } from '../harness/cluster-collection.js';
import { TestCluster } from '../harness/test-cluster.js';
import { waitFor, waitUntil } from '../harness/waiting.js';

let cluster: TestCluster | null = null;

afterEach(async () => {
  await cluster?.dispose();
  cluster = null;
});

async function started(): Promise<TestCluster> {
  cluster = await TestCluster.start();
  return cluster;
}

describe('consensus', () => {
  it('has a new leader soon after the old one was killed', { timeout: 60_000 }, async () => {
    const running = await started();
    const leader = await running.leader();
    await leader.kill();
    const [other] = running.running;
    if (other === undefined) throw new Error('no node is left');
    const killedAt = performance.now();
    const collection = new ClusterCollection('after-failover');
    await waitFor(
      async () =>
        (await other.call('PUT', collection.path, { vectors: { size: 4, distance: 'Dot' } })).status === 200
          ? true
          : null,
      {
        what: 'a collection to be created',
      },
    );
    const elapsedMs = performance.now() - killedAt;
    console.log(`leader killed: a collection was created after ${elapsedMs.toFixed(0)} ms`);
    expect(elapsedMs).toBeLessThan(3_000);
    await leader.start();
    await running.formed();
    // It follows the leader before it has applied all that was decided while it was away.
    await waitUntil(
      async () => ((await leader.result('GET', `${collection.path}/exists`)) as { exists: boolean }).exists,
      { what: 'the node that was killed to know the collection' },
    );
  });

  it('refuses to change collections without a quorum, and goes on when it is back', { timeout: 90_000 }, async () => {
    const running = await started();
    const [alone, second, third] = running.nodes as [
      TestCluster['nodes'][0],
      TestCluster['nodes'][0],
      TestCluster['nodes'][0],
    ];
    await Promise.all([second.kill(), third.kill()]);
    const refused = await alone.call('PUT', '/collections/no-quorum?timeout=2', {
      vectors: { size: 4, distance: 'Dot' },
    });
    expect(refused.status).toBe(500);
    expect(refused.text).toMatch(/leader|quorum|consensus/i);
    expect(await alone.result('GET', '/collections/no-quorum/exists')).toEqual({ exists: false });
    await second.start();
    await running.formed();
    await new ClusterCollection('quorum-again').create(alone, { shards: 1, factor: 2 });
    expect(await second.result('GET', '/collections/quorum-again/exists')).toEqual({ exists: true });
  });

  it('outlives the restart of one node, of all at once, and of one after another', { timeout: 120_000 }, async () => {
    const running = await started();
    const collection = new ClusterCollection('restarts');
    await collection.create(running.node(0), { shards: 3, factor: 2 });
    const points = Array.from({ length: 500 }, (_, id) => pointOf(id));
    expect(await collection.upsert(running.node(0), points)).toBe(200);
    const whole = async (): Promise<void> => {
      await running.formed();
      await running.allActive(collection.name);
      for (const node of running.nodes) expect(await collection.points(node)).toEqual(points);
    };

    await running.node(1).stop();
    await running.node(1).start();
    await whole();

    await Promise.all(running.nodes.map((node) => node.kill()));
    await Promise.all(running.nodes.map((node) => node.start()));
    await whole();

    for (const node of running.nodes) {
      await node.stop();
      await node.start();
      await running.formed();
    }
    await whole();
  });

  it('finds a peer again that returns under its name at another address', { timeout: 60_000 }, async () => {
    const running = await started();
    await running.node(2).stop();
    await running.move(2);
    await running.node(2).start();
    const backAt = performance.now();
    await running.formed();
    const collection = new ClusterCollection('moved');
    await collection.create(running.node(0), { shards: 3, factor: 3 });
    expect(performance.now() - backAt).toBeLessThan(3_000);
    await waitUntil(async () => (await running.node(2).cluster()).raft_info.leader !== null, { what: 'a leader' });
    expect(await collection.upsert(running.node(2), [pointOf(1), pointOf(2), pointOf(3)])).toBe(200);
    expect(await collection.count(running.node(0))).toBe(3);
  });

  it('elects nobody else while the leader is only slow to reach for one', { timeout: 60_000 }, async () => {
    const running = await started();
    const leader = await running.leader();
    const { term } = (await leader.cluster()).raft_info;
    const [cutOff] = running.nodes.filter((node) => node !== leader);
    if (cutOff === undefined) throw new Error('there is no follower');
    await running.link(cutOff.index, leader.index).become({ kind: 'refused' });
    for (let round = 0; round < 10; round += 1) {
      // A replica on the node that is cut off cannot say that it is there, which is not waited for long.
      const created = await leader.call('PUT', `/collections/slow-${round}?timeout=1`, {
        vectors: { size: 4, distance: 'Dot' },
        shard_number: 1,
      });
      expect(created.status, created.text).toBe(200);
    }
    expect((await leader.cluster()).raft_info).toMatchObject({ term, role: 'Leader' });
  });
});
