/**
 * What the operator relies on in a Qdrant cluster, as one story that is told to the simulated cluster and to real
 * nodes alike: what the simulated one does counts for something only because both tell it the same way.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ClusterView, CollectionView, PeerId, QdrantNode, ReplicaView } from '../../src/qdrant/qdrant-api.js';

export interface ContractCluster {
  /** Starts the process of a node, on what is on its disk. Null: it serves; else the code with which it ended. */
  start(index: number): Promise<number | null>;
  /** As SIGKILL. */
  kill(index: number): Promise<void>;
  /** No other node reaches it, nor it them; requests still do. */
  isolate(index: number): Promise<void>;
  heal(): Promise<void>;
  /** Of a node whose process does not run. */
  wipe(index: number): Promise<void>;
  node(index: number): QdrantNode;
  uri(index: number): string;
  createCollection(name: string, shape: { readonly shards: number; readonly factor: number }): Promise<void>;
  /** Through any node that runs. True: all points are acknowledged. */
  write(collection: string, points: readonly number[]): Promise<boolean>;
  /** Waits for a promise while time passes. */
  settled<T>(promise: Promise<T>): Promise<T>;
  /** Asks again until the condition holds; fails, with what was seen, after so long. */
  until(what: string, condition: () => Promise<boolean>, seen: () => Promise<unknown>): Promise<void>;
  dispose(): Promise<void>;
}

const points = Array.from({ length: 60 }, (_, id) => id);

export function qdrantContract(name: string, make: () => Promise<ContractCluster>): void {
  describe(`${name}, told in order`, () => {
    let cluster: ContractCluster;

    beforeAll(async () => {
      cluster = await make();
    });

    afterAll(async () => {
      await cluster.dispose();
    });

    const view = async (index: number): Promise<ClusterView> => {
      const found = await cluster.settled(cluster.node(index).cluster());
      if (found === null) throw new Error(`node ${index} runs without a cluster`);
      return found;
    };
    const peerOf = async (index: number): Promise<PeerId> => (await view(index)).peerId;
    const docs = async (index: number, collection = 'docs'): Promise<CollectionView> => {
      const found = await cluster.settled(cluster.node(index).collection(collection));
      if (found === null) throw new Error(`node ${index} knows no ${collection}`);
      return found;
    };
    const holders = (collection: CollectionView, shard: number): PeerId[] =>
      collection.replicas.filter((replica) => replica.shard === shard).map(({ peer }) => peer);
    const stateOn = (collection: CollectionView, peer: PeerId): ReplicaView['state'][] =>
      collection.replicas.filter((replica) => replica.peer === peer).map(({ state }) => state);
    const change = (promise: Promise<void>): Promise<void> => cluster.settled(promise);

    /** All these see the same members, all voters, under one leader, and nothing else is under way. */
    const formed = (indexes: readonly number[]): Promise<void> => {
      const views = () => Promise.all(indexes.map((index) => view(index)));
      return cluster.until(
        `nodes ${indexes.join()} to agree`,
        async () => {
          const all = await views();
          const members = JSON.stringify([...(all[0]?.peers.keys() ?? [])].sort());
          return all.every(
            ({ peers, raft, peerId }) =>
              JSON.stringify([...peers.keys()].sort()) === members &&
              peers.has(peerId) &&
              raft.isVoter &&
              raft.leader !== null &&
              raft.leader === all[0]?.raft.leader &&
              raft.commit === all[0].raft.commit,
          );
        },
        views,
      );
    };
    /** All of these see every replica Active, and no transfer. */
    const settledShards = (indexes: readonly number[], collection = 'docs'): Promise<void> => {
      const views = () => Promise.all(indexes.map((index) => docs(index, collection)));
      return cluster.until(
        `the shards of ${collection} to settle`,
        async () =>
          (await views()).every(
            ({ replicas, transfers }) => transfers.length === 0 && replicas.every(({ state }) => state === 'Active'),
          ),
        views,
      );
    };
    const pointsOn = async (indexes: readonly number[]): Promise<number> => {
      const views = await Promise.all(indexes.map((index) => docs(index)));
      return views.flatMap(({ replicas }) => replicas).reduce((sum, replica) => sum + (replica.points ?? 0), 0);
    };

    test('the first node begins a cluster, and others join it one by one as voters', async () => {
      expect(await cluster.start(0)).toBeNull();
      await formed([0]);
      const alone = await view(0);
      expect([...alone.peers]).toEqual([[alone.peerId, cluster.uri(0)]]);
      expect(alone.raft).toMatchObject({ leader: alone.peerId, isVoter: true, consensusWorks: true });
      for (const index of [1, 2]) {
        expect(await cluster.start(index)).toBeNull();
        await formed(Array.from({ length: index + 1 }, (_, other) => other));
      }
      for (const index of [0, 1, 2]) {
        const seen = await view(index);
        expect(new Set(seen.peers.values())).toEqual(new Set([cluster.uri(0), cluster.uri(1), cluster.uri(2)]));
        expect(seen.peers.get(seen.peerId)).toBe(cluster.uri(index));
        expect(seen.raft).toMatchObject({ consensusWorks: true, pendingOperations: 0 });
        expect(seen.sendFailures.size).toBe(0);
        await cluster.until(
          `node ${index} to be ready`,
          () => cluster.settled(cluster.node(index).ready()),
          () => view(index),
        );
        expect(await cluster.settled(cluster.node(index).version())).toMatch(/^\d+\.\d+\.\d+/);
        expect(await cluster.settled(cluster.node(index).collections())).toEqual([]);
      }
    });

    test('a collection is spread, and each node counts the points of its own replicas', async () => {
      await cluster.createCollection('docs', { shards: 3, factor: 1 });
      await settledShards([0, 1, 2]);
      expect(await cluster.write('docs', points)).toBe(true);
      for (const index of [0, 1, 2]) {
        const self = await peerOf(index);
        const seen = await docs(index);
        expect(await cluster.settled(cluster.node(index).collections())).toEqual(['docs']);
        expect(seen).toMatchObject({ name: 'docs', replicationFactor: 1, resharding: false, transfers: [] });
        expect(seen.replicas.map(({ shard }) => shard).sort()).toEqual([0, 1, 2]);
        for (const { peer, points: counted } of seen.replicas) expect(counted === null).toBe(peer !== self);
      }
      expect(await pointsOn([0, 1, 2])).toBe(points.length);
      expect(await cluster.settled(cluster.node(0).collection('others'))).toBeNull();
    });

    test('a shard is replicated; one of its replicas can be dropped, and the last one cannot', async () => {
      const [from = ''] = holders(await docs(0), 0);
      const to = [await peerOf(0), await peerOf(1)].find((peer) => peer !== from) ?? '';
      await change(cluster.node(0).replicateShard({ collection: 'docs', shard: 0, from, to }));
      await settledShards([0, 1, 2]);
      expect(new Set(holders(await docs(0), 0))).toEqual(new Set([from, to]));
      // Again: the target needs none.
      const again = change(cluster.node(0).replicateShard({ collection: 'docs', shard: 0, from, to }));
      await expect(again).rejects.toMatchObject({ kind: 'refused' });
      await change(cluster.node(1).dropReplica({ collection: 'docs', shard: 0, peer: from }));
      await settledShards([0, 1, 2]);
      await cluster.until(
        'the replica to be gone everywhere',
        async () =>
          (await Promise.all([0, 1, 2].map((index) => docs(index)))).every((seen) => !holders(seen, 0).includes(from)),
        () => docs(0),
      );
      const last = change(cluster.node(0).dropReplica({ collection: 'docs', shard: 0, peer: to }));
      await expect(last).rejects.toMatchObject({ kind: 'refused', message: expect.stringMatching(/last/i) as string });
      expect(await pointsOn([0, 1, 2])).toBe(points.length);
    });

    test('a shard moves, with its points', async () => {
      const [from = ''] = holders(await docs(0), 1);
      const to = [await peerOf(0), await peerOf(1), await peerOf(2)].find((peer) => peer !== from) ?? '';
      await change(cluster.node(2).moveShard({ collection: 'docs', shard: 1, from, to }));
      await cluster.until(
        'the shard to be at its new peer alone',
        async () =>
          (await Promise.all([0, 1, 2].map((index) => docs(index)))).every(
            (seen) => seen.transfers.length === 0 && holders(seen, 1).join() === to,
          ),
        () => docs(0),
      );
      expect(await pointsOn([0, 1, 2])).toBe(points.length);
    });

    test('what cannot be is refused, and nothing changes', async () => {
      const before = await docs(0);
      const [from = ''] = holders(before, 0);
      const to = [await peerOf(0), await peerOf(1)].find((peer) => peer !== from) ?? '';
      const node = cluster.node(0);
      const refused = async (promise: Promise<void>): Promise<void> =>
        expect(change(promise)).rejects.toMatchObject({ kind: 'refused' });
      await refused(node.moveShard({ collection: 'docs', shard: 7, from, to }));
      await refused(node.moveShard({ collection: 'docs', shard: 0, from, to: '12345' }));
      await refused(node.moveShard({ collection: 'docs', shard: 0, from: to, to: from }));
      await refused(node.moveShard({ collection: 'others', shard: 0, from, to }));
      await refused(node.abortTransfer({ collection: 'docs', shard: 0, from, to }));
      await refused(node.dropReplica({ collection: 'docs', shard: 0, peer: to }));
      await refused(node.removePeer('12345', { force: false }));
      expect((await docs(0)).replicas).toEqual(before.replicas);
    });

    test('a peer with shards is not removed without force', async () => {
      const [holder = ''] = holders(await docs(0), 0);
      const removal = change(cluster.node(0).removePeer(holder, { force: false }));
      await expect(removal).rejects.toMatchObject({
        kind: 'refused',
        message: expect.stringMatching(/shards/) as string,
      });
      expect((await view(0)).peers.has(holder)).toBe(true);
    });

    test('a dead peer stays Active until a write misses it, and recovers when it is back', async () => {
      await cluster.createCollection('twice', { shards: 1, factor: 3 });
      await settledShards([0, 1, 2], 'twice');
      const dead = await peerOf(2);
      await cluster.kill(2);
      await expect(cluster.settled(cluster.node(2).cluster())).rejects.toMatchObject({ kind: 'unreachable' });
      await cluster.until(
        'the others to fail to reach it',
        async () => {
          const [a, b] = [await view(0), await view(1)];
          const leader = a.raft.leader === a.peerId ? a : b;
          return leader.raft.leader === leader.peerId && leader.sendFailures.has(cluster.uri(2));
        },
        () => view(0),
      );
      expect(stateOn(await docs(0, 'twice'), dead)).toEqual(['Active']);
      expect(await cluster.write('twice', [1, 2, 3])).toBe(true);
      await cluster.until(
        'the replica to be Dead',
        async () => stateOn(await docs(0, 'twice'), dead).join() === 'Dead',
        () => docs(0, 'twice'),
      );
      expect(await cluster.start(2)).toBeNull();
      await settledShards([0, 1, 2], 'twice');
      expect(await peerOf(2)).toBe(dead);
    });

    test('when the leader is killed, another one leads, and changes go on', async () => {
      const peers = [await peerOf(0), await peerOf(1), await peerOf(2)];
      const { leader, term } = (await view(0)).raft;
      const killed = peers.indexOf(leader ?? '');
      const others = [0, 1, 2].filter((index) => index !== killed);
      await cluster.kill(killed);
      await cluster.until(
        'another leader',
        async () => {
          const views = await Promise.all(others.map((index) => view(index)));
          return views.every(({ raft }) => raft.leader !== null && raft.leader !== leader && raft.term > term);
        },
        () => view(others[0] ?? 0),
      );
      await cluster.createCollection('later', { shards: 1, factor: 1 });
      expect(await cluster.start(killed)).toBeNull();
      await formed([0, 1, 2]);
      expect(await cluster.settled(cluster.node(killed).collections())).toEqual(['docs', 'later', 'twice']);
    });

    test('a node that is cut off knows no leader and changes nothing; healed, it has what it missed', async () => {
      const { leader } = (await view(0)).raft;
      const others = await Promise.all([1, 2].map(async (index) => ({ index, peer: await peerOf(index) })));
      const cut = others.find(({ peer }) => peer !== leader)?.index ?? 0;
      await cluster.isolate(cut);
      await cluster.until(
        'it to miss the leader',
        async () => (await view(cut)).raft.leader === null,
        () => view(cut),
      );
      expect((await view(cut)).raft.consensusWorks).toBe(true);
      await cluster.createCollection('missed', { shards: 1, factor: 1 });
      expect(await cluster.settled(cluster.node(cut).collections())).not.toContain('missed');
      await cluster.heal();
      await formed([0, 1, 2]);
      expect(await cluster.settled(cluster.node(cut).collections())).toContain('missed');
    });

    test('a wiped node is not let in while its old self holds shards, and ends with code 101', async () => {
      const old = await peerOf(2);
      await cluster.kill(2);
      await cluster.wipe(2);
      expect(await cluster.start(2)).toBe(101);
      expect((await view(0)).peers.get(old)).toBe(cluster.uri(2));
    });

    test('force takes a peer out with its replicas', async () => {
      const seen = await view(0);
      const old = [...seen.peers].find(([, uri]) => uri === cluster.uri(2))?.[0] ?? '';
      await change(cluster.node(0).removePeer(old, { force: true }));
      await cluster.until(
        'it to be gone',
        async () => {
          const views = [await view(0), await view(1)];
          const twice = [await docs(0, 'twice'), await docs(1, 'twice')];
          return views.every(({ peers }) => !peers.has(old)) && twice.every((one) => stateOn(one, old).length === 0);
        },
        () => view(0),
      );
      await formed([0, 1]);
    });

    test('a wiped node whose old self is gone joins with a new id', async () => {
      const before = new Set((await view(0)).peers.keys());
      expect(await cluster.start(2)).toBeNull();
      await formed([0, 1, 2]);
      expect(before.has(await peerOf(2))).toBe(false);
      expect((await view(0)).peers.get(await peerOf(2))).toBe(cluster.uri(2));
    });

    test('an empty peer is removed; it says of itself that its consensus stopped, also after a restart', async () => {
      const gone = await peerOf(2);
      await change(cluster.node(0).removePeer(gone, { force: false }));
      await formed([0, 1]);
      expect((await view(0)).peers.has(gone)).toBe(false);
      const stopped = () =>
        cluster.until(
          'the removed peer to notice',
          async () => !(await view(2)).raft.consensusWorks,
          () => view(2),
        );
      await stopped();
      expect(await cluster.settled(cluster.node(2).ready())).toBe(false);
      const removal = change(cluster.node(2).removePeer(await peerOf(1), { force: false }));
      await expect(removal).rejects.toMatchObject({ kind: 'failed' });
      await cluster.kill(2);
      expect(await cluster.start(2)).toBeNull();
      await stopped();
      expect(await cluster.settled(cluster.node(2).ready())).toBe(false);
    });

    test('without a majority there is no leader, and no change', async () => {
      await cluster.kill(2);
      await cluster.kill(1);
      await cluster.until(
        'the leader to be missed',
        async () => (await view(0)).raft.leader === null,
        () => view(0),
      );
      expect((await view(0)).raft).toMatchObject({ consensusWorks: true, isVoter: true });
      expect(await cluster.settled(cluster.node(0).ready())).toBe(true);
    });
  });
}
