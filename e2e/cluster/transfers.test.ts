import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Background } from '../harness/background.js';
import { ClusterCollection, pointOf } from '../harness/cluster-collection.js';
import { replicasOf } from '../harness/cluster-status.js';
import { TestCluster } from '../harness/test-cluster.js';
import { waitUntil } from '../harness/waiting.js';

const seeded = 3_000;

let cluster: TestCluster;

beforeAll(async () => {
  cluster = await TestCluster.start();
});

afterAll(async () => {
  await cluster.dispose();
});

async function holders(collection: ClusterCollection): Promise<number[]> {
  return replicasOf(await cluster.node(0).collection(collection.name)).map(({ peer_id }) => peer_id);
}

describe('a shard that moves', () => {
  it('fails no read and no write of clients of any node', { timeout: 90_000 }, async () => {
    const collection = new ClusterCollection('moves');
    await collection.create(cluster.node(0), { shards: 1, factor: 1 });
    const peers = await Promise.all(cluster.nodes.map((node) => node.peerId()));
    expect(
      await collection.upsert(
        cluster.node(0),
        Array.from({ length: seeded }, (_, id) => pointOf(id)),
      ),
    ).toBe(200);

    const written = new Map<number, number>();
    const load = cluster.nodes.flatMap((node) => [
      new Background(async (round) => {
        const id = (round * 37) % seeded;
        expect(await node.result('POST', `${collection.path}/points`, { ids: [id] })).toMatchObject([{ id }]);
      }),
      new Background(async (round) => {
        // Each node writes ids of its own, old ones and new ones.
        const id = node.index + 3 * (round % seeded);
        expect(await collection.upsert(node, [pointOf(id, round)])).toBe(200);
        written.set(id, round);
      }),
    ]);
    for (let move = 0; move < 4; move += 1) {
      const [from] = await holders(collection);
      const to = peers[(peers.indexOf(from ?? 0) + 1) % peers.length];
      await cluster.node(move % 3).result('POST', `${collection.path}/cluster`, {
        move_shard: { shard_id: 0, from_peer_id: from, to_peer_id: to },
      });
      await waitUntil(
        async () => {
          const view = await cluster.node(0).collection(collection.name);
          return view.shard_transfers.length === 0 && (await holders(collection)).join() === String(to);
        },
        { what: `move ${move}`, shown: () => cluster.node(0).collection(collection.name) },
      );
    }
    const rounds = await Promise.all(load.map((one) => one.stop()));
    expect(Math.min(...rounds)).toBeGreaterThan(5);
    const expected = new Map(Array.from({ length: seeded }, (_, id) => [id, pointOf(id)]));
    for (const [id, round] of written) expected.set(id, pointOf(id, round));
    const wanted = [...expected.values()].sort((a, b) => a.id - b.id);
    for (const node of cluster.nodes) expect(await collection.points(node)).toEqual(wanted);
  });

  it('is refused with a reason where it cannot be', async () => {
    const collection = new ClusterCollection('refused');
    await collection.create(cluster.node(0), { shards: 1, factor: 1 });
    const peers = await Promise.all(cluster.nodes.map((node) => node.peerId()));
    const [holder] = await holders(collection);
    const [other, third] = peers.filter((peer) => peer !== holder);
    const before = await cluster.node(0).collection(collection.name);
    const cases: [string, object, number][] = [
      ['an unknown shard', { move_shard: { shard_id: 7, from_peer_id: holder, to_peer_id: other } }, 400],
      ['an unknown target', { move_shard: { shard_id: 0, from_peer_id: holder, to_peer_id: 12345 } }, 400],
      ['an unknown source', { move_shard: { shard_id: 0, from_peer_id: 12345, to_peer_id: other } }, 400],
      ['a peer that lacks it', { move_shard: { shard_id: 0, from_peer_id: other, to_peer_id: third } }, 400],
      ['itself', { move_shard: { shard_id: 0, from_peer_id: holder, to_peer_id: holder } }, 422],
      [
        'a transfer that is not there',
        { abort_transfer: { shard_id: 0, from_peer_id: holder, to_peer_id: other } },
        404,
      ],
      ['the last replica', { drop_replica: { shard_id: 0, peer_id: holder } }, 400],
      ['a replica that is not there', { drop_replica: { shard_id: 0, peer_id: other } }, 400],
      [
        'two operations',
        {
          drop_replica: { shard_id: 0, peer_id: other },
          abort_transfer: { shard_id: 0, from_peer_id: 1, to_peer_id: 2 },
        },
        400,
      ],
      ['no operation', {}, 400],
      ['a shard as text', { move_shard: { shard_id: 'x', from_peer_id: holder, to_peer_id: other } }, 400],
    ];
    for (const [what, body, status] of cases) {
      const reply = await cluster.node(1).call('POST', `${collection.path}/cluster`, body);
      expect(reply.status, `${what}: ${reply.text}`).toBe(status);
    }
    expect((await cluster.node(1).call('POST', '/collections/nobody/cluster', cases[0]?.[1])).status).toBe(404);
    expect((await cluster.node(1).call('DELETE', '/cluster/peer/12345')).status).toBe(404);
    expect(await cluster.node(0).collection(collection.name)).toEqual(before);
  });

  it('is replicated and dropped again', { timeout: 60_000 }, async () => {
    const collection = new ClusterCollection('copied');
    await collection.create(cluster.node(0), { shards: 1, factor: 1 });
    const points = Array.from({ length: seeded }, (_, id) => pointOf(id));
    expect(await collection.upsert(cluster.node(0), points)).toBe(200);
    const peers = await Promise.all(cluster.nodes.map((node) => node.peerId()));
    const [holder] = await holders(collection);
    const target = peers.find((peer) => peer !== holder) ?? 0;
    await cluster.node(0).result('POST', `${collection.path}/cluster`, {
      replicate_shard: { shard_id: 0, from_peer_id: holder, to_peer_id: target },
    });
    await waitUntil(async () => (await holders(collection)).length === 2, { what: 'a second replica' });
    await cluster.allActive(collection.name);
    const again = await cluster.node(0).call('POST', `${collection.path}/cluster`, {
      replicate_shard: { shard_id: 0, from_peer_id: holder, to_peer_id: target },
    });
    expect(again.status, again.text).toBe(400);
    await cluster
      .node(0)
      .result('POST', `${collection.path}/cluster`, { drop_replica: { shard_id: 0, peer_id: holder } });
    await waitUntil(async () => (await holders(collection)).join() === String(target), {
      what: 'the first replica to go',
    });
    for (const node of cluster.nodes) expect(await collection.points(node)).toEqual(points);
  });
});

describe('a collection that is dropped and created again under load', () => {
  it('never shows points of the one before', { timeout: 90_000 }, async () => {
    const collection = new ClusterCollection('again');
    const path = collection.path;
    let generation = 0;
    await collection.create(cluster.node(0), { shards: 3, factor: 2 });
    const writers = cluster.nodes.map(
      (node) =>
        new Background(async (round) => {
          const before = generation;
          const reply = await node.call('PUT', `${path}/points?wait=true`, {
            points: [{ id: 3 * (round % 1000) + node.index, vector: [1, 2, 3, 4], payload: { generation: before } }],
          });
          // While there is none the answer is 404; a write that spans the two may have met the new one.
          expect([200, 404, 500, 503], reply.text).toContain(reply.status);
        }),
    );
    for (let round = 0; round < 5; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      const through = cluster.node(round % 3);
      await through.result('DELETE', path);
      generation += 1;
      await collection.create(through, { shards: 3, factor: 2 });
      const current = generation;
      for (const node of cluster.nodes) {
        const old = (await collection.points(node)).filter(
          ({ payload }) => Number(payload['generation']) < current - 1,
        );
        expect(old, `node ${node.index}, generation ${current}`).toEqual([]);
      }
    }
    const rounds = await Promise.all(writers.map((writer) => writer.stop()));
    expect(Math.min(...rounds)).toBeGreaterThan(5);
    await cluster.allActive(collection.name);
    const [first, ...others] = await Promise.all(cluster.nodes.map((node) => collection.points(node)));
    for (const other of others) expect(other).toEqual(first);
  });
});
