import { afterEach, describe, expect, it } from 'vitest';
import { ClusterCollection, pointOf } from '../harness/cluster-collection.js';
import { replicasOf } from '../harness/cluster-status.js';
import { TestCluster } from '../harness/test-cluster.js';
import { waitUntil } from '../harness/waiting.js';

const points = Array.from({ length: 2_000 }, (_, id) => pointOf(id));

let cluster: TestCluster | null = null;

afterEach(async () => {
  await cluster?.dispose();
  cluster = null;
});

describe('membership', () => {
  it('takes a fourth node, fills it, empties another one and removes that', { timeout: 120_000 }, async () => {
    cluster = await TestCluster.start();
    const running = cluster;
    const collection = new ClusterCollection('grows');
    await collection.create(running.node(0), { shards: 3, factor: 1 });
    expect(await collection.upsert(running.node(0), points)).toBe(200);

    const fourth = await running.add();
    await running.formed();
    const leaving = running.node(2);
    const from = await leaving.peerId();
    const to = await fourth.peerId();
    const refused = await running.node(0).call('DELETE', `/cluster/peer/${from}`);
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('there are shards on it');

    const held = replicasOf(await running.node(0).collection(collection.name)).filter(
      ({ peer_id }) => peer_id === from,
    );
    expect(held.length).toBeGreaterThan(0);
    for (const { shard_id } of held) {
      await running.node(1).result('POST', `${collection.path}/cluster`, {
        move_shard: { shard_id, from_peer_id: from, to_peer_id: to },
      });
      await waitUntil(
        async () => {
          const view = await running.node(0).collection(collection.name);
          const replicas = replicasOf(view).filter((replica) => replica.shard_id === shard_id);
          return view.shard_transfers.length === 0 && replicas.length === 1 && replicas[0]?.peer_id === to;
        },
        { what: `shard ${shard_id} to move`, shown: () => running.node(0).collection(collection.name) },
      );
    }
    for (const node of running.nodes) expect(await collection.points(node)).toEqual(points);

    expect(await running.node(0).result('DELETE', `/cluster/peer/${from}`)).toBe(true);
    await waitUntil(async () => (await leaving.call('GET', '/readyz')).status === 503, {
      what: 'the removed node to say that it is not ready',
    });
    expect(Object.keys((await running.node(0).cluster()).peers)).not.toContain(String(from));
    expect((await leaving.call('GET', '/cluster')).text).toMatch(/removed/i);
    await leaving.stop();
    await new ClusterCollection('after').create(fourth, { shards: 3, factor: 3 });
    for (const node of running.running) expect(await collection.count(node)).toBe(points.length);
  });

  it('removes a dead node by force, with the replicas that it held', { timeout: 60_000 }, async () => {
    cluster = await TestCluster.start();
    const collection = new ClusterCollection('forced');
    await collection.create(cluster.node(0), { shards: 3, factor: 2 });
    expect(await collection.upsert(cluster.node(0), points)).toBe(200);
    const gone = await cluster.node(1).peerId();
    await cluster.node(1).kill();
    expect(await cluster.node(0).result('DELETE', `/cluster/peer/${gone}?force=true`)).toBe(true);
    const left = replicasOf(await cluster.node(0).collection(collection.name));
    expect(left.map(({ peer_id }) => peer_id)).not.toContain(gone);
    for (const node of cluster.running) expect(await collection.points(node)).toEqual(points);
  });
});
