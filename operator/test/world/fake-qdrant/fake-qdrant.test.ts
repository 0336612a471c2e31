import { beforeEach, expect, test } from 'vitest';
import { VirtualClock } from '../virtual-clock.js';
import type { QdrantNode } from '../../../src/qdrant/qdrant-api.js';
import type { FakeDisk } from './fake-disk.js';
import type { FakeProcess } from './fake-process.js';
import { FakeQdrant } from './fake-qdrant.js';

const scope = 'default/qdrant-a';
const uriOf = (ordinal: number): string => `http://qdrant-a-${ordinal}.qdrant-headless-a:6335`;

let clock: VirtualClock;
let qdrant: FakeQdrant;

beforeEach(() => {
  clock = new VirtualClock();
  qdrant = new FakeQdrant(clock);
});

function start(ordinal: number, disk: FakeDisk, join: boolean): FakeProcess {
  return qdrant.startProcess({
    scope,
    podName: `qdrant-a-${ordinal}`,
    podUid: `uid-${ordinal}`,
    ip: `10.0.0.${ordinal}`,
    disk,
    uri: uriOf(ordinal),
    bootstrapUris: join ? [uriOf(0)] : null,
  });
}

function node(ordinal: number): QdrantNode {
  const pod = `qdrant-a-${ordinal}`;
  const endpoint = { pod, podUid: `uid-${ordinal}`, ip: `10.0.0.${ordinal}`, serverName: pod, port: 6333 };
  return qdrant.at({ ...endpoint, tls: null, apiKey: null });
}

/** Lets time pass until the promise is settled. */
async function settled<T>(promise: Promise<T>): Promise<T> {
  let over = false;
  const end = (): boolean => (over = true);
  promise.then(end, end);
  await clock.runUntil(() => over, 60_000);
  return promise;
}

async function formed(size: number): Promise<FakeDisk[]> {
  const disks = Array.from({ length: size }, (_, ordinal) => qdrant.newDisk(`disk-${ordinal}`));
  for (const [ordinal, disk] of disks.entries()) {
    const process = start(ordinal, disk, ordinal > 0);
    const voter = (): boolean => process.serving && process.seen.members.get(process.peer) === 'voter';
    expect(await clock.runUntil(voter, 10_000)).toBe(true);
  }
  return disks;
}

test('a second process that starts by itself on an empty volume makes a second cluster, which is noticed', async () => {
  await formed(1);
  start(1, qdrant.newDisk('disk-1'), false);
  await clock.run(1000);
  expect(qdrant.invariants.violations).toEqual([expect.stringContaining('began cluster number 2')]);
});

test('an acknowledged point that a force took from its last replica is noticed', async () => {
  await formed(2);
  expect(await settled(qdrant.createCollection(scope, 'docs', { shards: 2, factor: 1 }))).toBe(true);
  await clock.run(500);
  for (let point = 0; point < 10; point += 1) expect(await settled(qdrant.write(scope, 'docs', point))).toBe(true);
  expect(qdrant.invariants.check()).toEqual([]);
  const view = await node(0).cluster();
  const other = [...(view?.peers.keys() ?? [])].find((peer) => peer !== view?.peerId) ?? '';
  await settled(node(0).removePeer(other, { force: true }));
  expect(qdrant.invariants.violations).toEqual([
    expect.stringContaining('lost its last Active replica'),
    expect.stringContaining('5 acknowledged points'),
  ]);
});

test('a volume that a fault took is nobody’s mistake, and one that was deleted too early is', async () => {
  const [, second] = await formed(2);
  await settled(qdrant.createCollection(scope, 'docs', { shards: 2, factor: 1 }));
  await clock.run(500);
  for (let point = 0; point < 4; point += 1) await settled(qdrant.write(scope, 'docs', point));
  if (second === undefined) throw new Error('there is no second disk');
  qdrant.processes[1]?.stop();
  qdrant.destroyDisk(second, 'fault');
  expect(qdrant.invariants.check()).toEqual([]);
  await settled(qdrant.write(scope, 'docs', 4));
  const first = qdrant.processes[0]?.options.disk;
  if (first === undefined) throw new Error('there is no first disk');
  qdrant.destroyDisk(first, 'request');
  expect(qdrant.invariants.violations).toHaveLength(1);
});

test('a call can fail before and after its effect', async () => {
  await formed(2);
  await settled(qdrant.createCollection(scope, 'docs', { shards: 1, factor: 2 }));
  await clock.run(500);
  const before = await node(0).collection('docs');
  const peer = before?.replicas[1]?.peer ?? '';
  qdrant.faults.push(({ name }) => (name === 'dropReplica' ? { kind: 'unreachable' } : null));
  const drop = { collection: 'docs', shard: 0, peer };
  await expect(settled(node(0).dropReplica(drop))).rejects.toMatchObject({ kind: 'unreachable' });
  expect((await node(0).collection('docs'))?.replicas).toHaveLength(2);
  qdrant.faults.unshift(({ name }) => (name === 'dropReplica' ? { kind: 'timeout', effect: true } : null));
  await expect(settled(node(0).dropReplica(drop))).rejects.toMatchObject({ kind: 'timeout' });
  expect((await node(0).collection('docs'))?.replicas).toHaveLength(1);
  expect(qdrant.calls.filter(({ changes }) => changes)).toHaveLength(2);
});

test('a process killed while it is let in leaves an empty volume, and comes in under the same id', async () => {
  await formed(1);
  const disk = qdrant.newDisk('disk-1');
  const process = start(1, disk, true);
  const peersOf = (): number => qdrant.processes[0]?.seen.metadata.peers.size ?? 0;
  expect(await clock.runUntil(() => peersOf() === 2, 10_000)).toBe(true);
  expect(process.serving).toBe(false);
  process.stop();
  expect(disk.witness()).toBe('empty');
  const drawn = disk.drawn;
  const again = start(1, disk, true);
  expect(await clock.runUntil(() => again.serving && again.seen.members.get(again.peer) === 'voter', 10_000)).toBe(
    true,
  );
  expect(disk.witness()).toBe(`peer ${drawn}`);
  expect(peersOf()).toBe(2);
});

test('a transfer can end well, fail, stall, or never have been', async () => {
  await formed(2);
  await settled(qdrant.createCollection(scope, 'docs', { shards: 1, factor: 1 }));
  const [first = '', second = ''] = [...((await node(0).cluster())?.peers.keys() ?? [])];
  const view = async () => node(0).collection('docs');
  const from = (await view())?.replicas[0]?.peer ?? '';
  const copy = { collection: 'docs', shard: 0, from, to: from === first ? second : first };
  const replicas = async () => (await view())?.replicas.map(({ state }) => state).sort();
  qdrant.transferFates.push('fails', 'stalls');
  await settled(node(0).replicateShard(copy));
  expect((await view())?.transfers).toHaveLength(1);
  await clock.run(5_000);
  expect([await replicas(), (await view())?.transfers]).toEqual([['Active'], []]);
  await settled(node(0).replicateShard(copy));
  await clock.run(60_000);
  expect([await replicas(), (await view())?.transfers.length]).toEqual([['Active', 'Partial'], 1]);
  await settled(node(0).abortTransfer(copy));
  await clock.run(100);
  expect([await replicas(), (await view())?.transfers]).toEqual([['Active'], []]);
  qdrant.faults.push(({ changes }) => (changes ? { kind: 'lost' } : null));
  await settled(node(0).replicateShard(copy));
  await clock.run(5_000);
  expect([await replicas(), (await view())?.transfers]).toEqual([['Active'], []]);
  qdrant.faults.length = 0;
  await settled(node(0).replicateShard(copy));
  await clock.run(5_000);
  expect([await replicas(), (await view())?.transfers]).toEqual([['Active', 'Active'], []]);
});

test('the original, once removed, shows itself alone and ready (reference on operators, section 7)', async () => {
  qdrant = new FakeQdrant(clock, { flavour: 'original' });
  await formed(2);
  const gone = (await node(1).cluster())?.peerId ?? '';
  await clock.run(100);
  await settled(node(0).removePeer(gone, { force: false }));
  await clock.run(100);
  expect(await node(1).cluster()).toMatchObject({
    peers: new Map([[gone, uriOf(1)]]),
    raft: { leader: gone, consensusWorks: false },
  });
  expect(await node(1).ready()).toBe(true);
});
