import { connect } from 'node:net';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClusterCollection, pointOf } from '../harness/cluster-collection.js';
import { ports } from '../harness/cluster-node.js';
import { replicasOf } from '../harness/cluster-status.js';
import { TestCluster } from '../harness/test-cluster.js';

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await TestCluster.start();
});

afterAll(async () => {
  await cluster.dispose();
});

describe('three nodes', () => {
  it('form a cluster that each of them describes alike', async () => {
    const views = await Promise.all(cluster.nodes.map((node) => node.cluster()));
    const ids = views.map(({ peer_id }) => peer_id);
    expect(new Set(ids).size).toBe(3);
    for (const view of views) {
      expect(view.status).toBe('enabled');
      expect(view.peers).toEqual(
        Object.fromEntries(cluster.nodes.map(({ uri }, index) => [String(ids[index]), { uri: `${uri}/` }])),
      );
      expect(view).toMatchObject({
        raft_info: { leader: views[0]?.raft_info.leader, is_voter: true, pending_operations: 0 },
        consensus_thread_status: { consensus_thread_status: 'working' },
        message_send_failures: {},
      });
    }
    expect(views.filter(({ raft_info: { role } }) => role === 'Leader')).toHaveLength(1);
    expect(views.filter(({ raft_info: { role } }) => role === 'Follower')).toHaveLength(2);
  });

  it.each([0, 1, 2])('create a collection through node %i, and serve it from all', async (through) => {
    const collection = new ClusterCollection(`through-${through}`);
    await collection.create(cluster.node(through), { shards: 3, factor: 2 });
    const points = Array.from({ length: 300 }, (_, id) => pointOf(id));
    expect(await collection.upsert(cluster.node((through + 1) % 3), points)).toBe(200);
    for (const node of cluster.nodes) {
      const replicas = replicasOf(await node.collection(collection.name));
      expect(replicas.map(({ shard_id, state }) => ({ shard_id, state }))).toEqual(
        [0, 0, 1, 1, 2, 2].map((shard_id) => ({ shard_id, state: 'Active' })),
      );
      expect(await collection.points(node)).toEqual(points);
      expect(await collection.count(node)).toBe(points.length);
      const nearest = await node.result('POST', `${collection.path}/points/query`, {
        query: pointOf(17).vector,
        limit: 3,
      });
      expect(nearest).toMatchObject({ points: [{ id: 17, score: 0 }, {}, {}] });
    }
    await cluster.node((through + 2) % 3).result('DELETE', collection.path);
    for (const node of cluster.nodes)
      expect(await node.result('GET', `${collection.path}/exists`)).toEqual({ exists: false });
  });

  it('spread the replicas of a collection evenly', async () => {
    const collection = new ClusterCollection('spread');
    await collection.create(cluster.node(0), { shards: 6, factor: 2 });
    const replicas = replicasOf(await cluster.node(0).collection(collection.name));
    const ids = await Promise.all(cluster.nodes.map((node) => node.peerId()));
    for (const id of ids) expect(replicas.filter(({ peer_id }) => peer_id === id)).toHaveLength(4);
  });

  it('live on when garbage comes to the port for peers', async () => {
    for (const node of cluster.nodes) {
      for (const bytes of [
        randomBytes(3),
        randomBytes(5000),
        Buffer.from('GET / HTTP/1.1\r\n\r\n'),
        Buffer.alloc(100_000),
      ]) {
        const socket = connect({ host: node.host, port: ports.peers });
        socket.on('error', () => undefined).resume();
        const closed = once(socket, 'close');
        socket.end(bytes);
        await closed;
      }
    }
    await cluster.formed();
    expect(cluster.running).toHaveLength(3);
  });
});
