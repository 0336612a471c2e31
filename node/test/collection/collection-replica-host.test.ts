import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CollectionReplicaHost } from '../../src/collection/collection-replica-host.js';
import type { LocalCollections } from '../../src/collection/local-collections.js';
import { checkMissedWrites } from '../../src/collection/missed-writes-check.js';
import { noRemoteReplicas } from '../../src/collection/no-remote-replicas.js';
import { loadAddon, type NativeStore } from '../../src/engine/addon.js';
import type { ReplicaRefused, ShardTarget } from '../../src/replica/remote-replicas.js';
import { encodeVectorSelector, encodePayloadSelector } from '../../src/payload/selectors.js';
import { localCollections, MemoryConsensus, openStore, self, smallCollection } from './collections-fixture.js';

const addon = loadAddon();
addon.configure({ searchThreads: 1, indexThreads: 1 });
const other = 2;

let folder: string;
let store: NativeStore;
let consensus: MemoryConsensus;
let collections: LocalCollections;
let host: CollectionReplicaHost;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vdb-host-'));
  store = await openStore(addon, folder);
  consensus = new MemoryConsensus();
  collections = localCollections({ addon, store, folder, consensus, onBackgroundError: () => undefined });
  await collections.start({ tolerant: false });
  host = new CollectionReplicaHost(consensus, collections);
});

afterEach(async () => {
  await collections.close();
  await store.close();
  rmSync(folder, { recursive: true });
});

const creation = { kind: 'create-collection', name: 'a', config: smallCollection(), placement: [[self]] } as const;
const count = (target: ShardTarget) => host.count(other, target, { filter: null, exact: true });

function refusal(call: Promise<unknown>): Promise<ReplicaRefused> {
  return call.then(
    () => Promise.reject(new Error('the call was not refused')),
    (error: unknown) => error as ReplicaRefused,
  );
}

describe('what a node does for others', () => {
  it('waits for metadata that the sender has, and for the shard to open', async () => {
    host.begin();
    const target = { collection: 1, shard: 0, metadataIndex: 1 };
    const counted = count(target);
    void consensus.propose(creation);
    expect(await counted).toBe(0);
    expect(await host.info(other, target)).toMatchObject({ points: 0, status: { color: 'green' } });
  });

  it('is refused for what is not here, with the index by which it is not', async () => {
    host.begin();
    await consensus.propose({ kind: 'add-peer', peer: other, uri: 'http://other:6335' });
    const { index } = await consensus.propose({ ...creation, placement: [[other]] });
    for (const collection of [index, 77]) {
      const refused = await refusal(count({ collection, shard: 0, metadataIndex: index }));
      expect(refused).toMatchObject({ refusal: { kind: 'no-replica' }, metadataIndex: index });
    }
    const unknownShard = await refusal(count({ collection: index, shard: 9, metadataIndex: index }));
    expect(unknownShard.refusal).toEqual({ kind: 'no-replica' });
  });

  it('does not begin before the node knows what it missed', async () => {
    const { index } = await consensus.propose(creation);
    await collections.openShards('a');
    let answered = false;
    const counted = count({ collection: index, shard: 0, metadataIndex: index }).finally(() => (answered = true));
    expect(await host.missedWrites(other)).toEqual([]);
    expect(answered).toBe(false);
    host.begin();
    expect(await counted).toBe(0);
  });

  it('keeps the order of writes that wait for a shard', async () => {
    host.begin();
    await consensus.propose({ kind: 'add-peer', peer: other, uri: 'http://other:6335' });
    const collection = consensus.state.appliedIndex + 1;
    const target = { collection, shard: 0, metadataIndex: collection };
    const answers: string[] = [];
    const call = (name: string) =>
      host
        .follow(other, target, Uint8Array.from([1, 11, ...new Array<number>(20).fill(0)]), {
          wait: false,
          direct: false,
          timeoutMs: 1000,
        })
        .then(
          () => answers.push(name),
          () => answers.push(name),
        );
    const calls = [call('first'), call('second')];
    void consensus.propose({ ...creation, placement: [[self, other]] });
    await Promise.all([...calls, call('third')]);
    expect(answers).toEqual(['first', 'second', 'third']);
  });
});

describe('a node that starts', () => {
  it('does not read replicas that others say missed writes', async () => {
    await consensus.propose({ kind: 'add-peer', peer: other, uri: 'http://other:6335' });
    const { index: collection } = await consensus.propose({ ...creation, placement: [[self, other]] });
    await collections.reconcile('a');
    for (const peer of [self, other]) {
      await consensus.propose({ kind: 'activate-replicas', collection, peer, shards: [0] });
    }
    const replicas = collections.get('a')?.replicas(0);
    expect(replicas?.readable).toBe(true);
    let attempts = 0;
    await checkMissedWrites(consensus, collections, {
      ...noRemoteReplicas,
      missedWrites: (peer) => {
        attempts += 1;
        // A node that starts at the same time refuses connections at first.
        if (attempts === 1) return Promise.reject(new Error('connection refused'));
        return Promise.resolve(peer === other ? [{ collection, shard: 0 }] : []);
      },
    });
    expect(attempts).toBe(2);
    expect(replicas?.readable).toBe(false);
    const selectors = {
      payload: encodePayloadSelector({ mode: 'none' }),
      vectors: encodeVectorSelector({ mode: 'none' }),
    };
    host.begin();
    const target = { collection, shard: 0, metadataIndex: consensus.state.appliedIndex };
    const refused = await refusal(host.scroll(other, target, { filter: null, from: null, limit: 1, ...selectors }));
    expect(['missed-writes', 'replica-state']).toContain(refused.refusal.kind);
  });
});
