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
