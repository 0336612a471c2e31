import { beforeEach, describe, expect, it } from 'vitest';
import type { LocalCollections } from '../../src/collection/local-collections.js';
import type { ConsensusStatus } from '../../src/consensus/consensus-status.js';
import { fullAccess, readAccess } from '../../src/service/access.js';
import type { ClusterChange, ClusterConsensus } from '../../src/service/cluster-service.js';
import { LocalClusterService } from '../../src/service/local-cluster-service.js';
import { MemoryConsensus, self, smallCollection } from '../collection/collections-fixture.js';

const other = 2;
const third = 3;

const status: ConsensusStatus = {
  ...{ term: 3, commit: 9, pendingOperations: 0, leader: self, role: 'Leader', isVoter: true },
  thread: { kind: 'working', lastUpdate: '2026-01-01T00:00:00.000Z' },
  sendFailures: new Map(),
};

class ClusterMemoryConsensus extends MemoryConsensus implements ClusterConsensus {
  removed = false;

  status(): ConsensusStatus {
    return status;
  }

  recover(): Promise<void> {
    return Promise.resolve();
  }
}

const noCollections = { get: () => null } as Partial<LocalCollections> as LocalCollections;

let consensus: ClusterMemoryConsensus;
let service: LocalClusterService;
let collection: number;

function serviceOf(cluster: ClusterConsensus | null): LocalClusterService {
  return new LocalClusterService({
    consensus,
    cluster,
    collections: noCollections,
    transferProgress: (_collection, transfer) => (transfer > 0 ? { done: 5, total: 10 } : null),
  });
}

beforeEach(async () => {
  consensus = new ClusterMemoryConsensus();
  for (const peer of [other, third]) await consensus.propose({ kind: 'add-peer', peer, uri: `http://n${peer}:1` });
  const config = smallCollection(2);
  const placement = [[self, other], [other]];
  const creation = { kind: 'create-collection', name: 'a', config, placement } as const;
  collection = (await consensus.propose(creation)).index;
  for (const peer of [self, other]) {
    await consensus.propose({ kind: 'activate-replicas', collection, peer, shards: [0, 1] });
  }
  service = serviceOf(consensus);
});

const change = (wanted: ClusterChange) => service.changeCollection(fullAccess, 'a', wanted, { timeoutMs: null });

describe('a change of where shards are', () => {
  const refused: readonly [string, ClusterChange, string, RegExp][] = [
    ['of an unknown shard', { kind: 'move-shard', shard: 7, from: self, to: third }, 'bad-request', /Shard 7 of a/],
    ['to an unknown peer', { kind: 'move-shard', shard: 0, from: self, to: 99 }, 'bad-request', /Peer 99 does not/],
    ['from an unknown peer', { kind: 'move-shard', shard: 0, from: 98, to: third }, 'bad-request', /Peer 98 does not/],
    ['from a peer that lacks it', { kind: 'move-shard', shard: 1, from: self, to: third }, 'bad-request', /peer 1/],
    ['to where it is', { kind: 'replicate-shard', shard: 0, from: self, to: other }, 'bad-request', /peer 2 already/],
    ['to itself', { kind: 'move-shard', shard: 0, from: self, to: self }, 'validation', /same peer/],
    ['abort of nothing', { kind: 'abort-transfer', shard: 0, from: self, to: third }, 'not-found', /1 -> 3 .*a:0/],
    ['drop of the last replica', { kind: 'drop-replica', shard: 1, peer: other }, 'bad-request', /last/],
    ['drop where there is none', { kind: 'drop-replica', shard: 1, peer: self }, 'bad-request', /not on peer 1/],
  ];
  it.each(refused)('is refused: %s', async (_name, wanted, kind, words) => {
    const before = consensus.state.collections.get('a');
    await expect(change(wanted)).rejects.toMatchObject({ kind, message: expect.stringMatching(words) as string });
    expect(consensus.state.collections.get('a')).toBe(before);
  });

  it('starts a transfer, shows it, and aborts it', async () => {
    await change({ kind: 'move-shard', shard: 0, from: self, to: third });
    const { transfers } = service.collectionInfo(fullAccess, 'a');
    expect(transfers).toMatchObject([{ shard: 0, from: self, to: third, sync: false, progress: { done: 5 } }]);
    await change({ kind: 'abort-transfer', shard: 0, from: self, to: third });
    expect(service.collectionInfo(fullAccess, 'a').transfers).toEqual([]);
  });

  it('drops a replica', async () => {
    await change({ kind: 'drop-replica', shard: 0, peer: self });
    const info = service.collectionInfo(fullAccess, 'a');
    expect(info).toMatchObject({ self, shardCount: 2, localShards: [] });
    expect(info.remoteShards).toEqual([
      { shard: 0, peer: other, state: 'Active' },
      { shard: 1, peer: other, state: 'Active' },
    ]);
  });

  it('takes the right to manage, and a collection that is there', async () => {
    const wanted = { kind: 'drop-replica', shard: 0, peer: self } as const;
    await expect(service.changeCollection(readAccess, 'a', wanted, { timeoutMs: null })).rejects.toMatchObject({
      kind: 'forbidden',
    });
    await expect(service.changeCollection(fullAccess, 'b', wanted, { timeoutMs: null })).rejects.toMatchObject({
      kind: 'not-found',
    });
  });
});

describe('a peer', () => {
  const remove = (peer: number, force: boolean) => service.removePeer(fullAccess, peer, { force, timeoutMs: null });

  it('is not removed with its shards unless by force', async () => {
    await expect(remove(other, false)).rejects.toMatchObject({
      kind: 'bad-request',
      message: 'Cannot remove peer 2 as there are shards on it',
    });
    await remove(other, true);
    expect(service.status()?.peers.map(({ id }) => id)).toEqual([self, third]);
  });

  it('says so when it was removed itself', () => {
    expect(service.status()?.consensus.thread).toEqual(status.thread);
    consensus.removed = true;
    expect(service.status()?.consensus.thread).toMatchObject({ error: 'This peer was removed from the cluster' });
  });

  it('that nobody knows is not found', async () => {
    await expect(remove(77, true)).rejects.toMatchObject({ kind: 'not-found' });
  });
});

describe('a single node', () => {
  it('has no cluster to change, and still shows its shards', async () => {
    const alone = serviceOf(null);
    expect(alone.status()).toBeNull();
    await expect(alone.recover(fullAccess)).rejects.toMatchObject({ kind: 'standalone' });
    await expect(alone.removePeer(fullAccess, 1, { force: true, timeoutMs: null })).rejects.toMatchObject({
      kind: 'standalone',
    });
    expect(alone.collectionInfo(fullAccess, 'a').localShards).toEqual([{ shard: 0, points: 0, state: 'Active' }]);
  });
});
