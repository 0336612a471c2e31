/** The whole operator in the simulated world: what people ask for becomes true, and nothing is lost on the way. */
import { expect, test } from 'vitest';
import { namesOf } from '../../src/api/group.js';
import { becomesHealthy } from './every-call.js';
import { addCollection, load } from './stories.js';
import { clusterName, namespace, scope, SimulatedWorld } from './simulated/simulated-world.js';

/** A cluster of this size, looked after by one operator. */
async function healthyWorld(size: number): Promise<SimulatedWorld> {
  const world = new SimulatedWorld();
  world.create(size);
  world.startOperator();
  await becomesHealthy(world);
  return world;
}

test('a cluster of three is created', async () => {
  const world = await healthyWorld(3);
  expect(world.members).toHaveLength(3);
  expect(world.violations()).toEqual([]);
});

test('a cluster at rest is not written to', async () => {
  const world = new SimulatedWorld();
  world.create(3);
  const { calls } = world.startOperator();
  await becomesHealthy(world);
  await world.clock.run(5000);
  const before = calls.made.length;
  await world.clock.run(300_000);
  expect(calls.made.slice(before)).toEqual([]);
});

test('one peer becomes three and then five, and shards move to the new ones', async () => {
  const world = await healthyWorld(1);
  await addCollection(world, 6, 1);
  world.scale(3);
  await becomesHealthy(world);
  expect(load(world)).toEqual([2, 2, 2]);
  world.scale(5);
  await becomesHealthy(world);
  expect(load(world)).toEqual([1, 1, 1, 1, 2]);
  expect(world.violations()).toEqual([]);
});

test('five peers become three: the shards of the last two move first, and their volumes go after them', async () => {
  const world = await healthyWorld(5);
  await addCollection(world, 5, 2);
  world.scale(3);
  await becomesHealthy(world);
  await world.clock.run(10_000);
  expect(world.members).toHaveLength(3);
  expect(load(world).reduce((sum, one) => sum + one, 0)).toBe(10);
  expect(world.server.list('PersistentVolumeClaim').items).toHaveLength(3);
  expect(world.violations()).toEqual([]);
});

test('a size that is raised again in the middle of a scale-down takes it back', async () => {
  const world = await healthyWorld(3);
  await addCollection(world, 6, 1);
  world.scale(2);
  const moving = (): boolean => world.qdrant.calls.some(({ name }) => name === 'moveShard');
  expect(await world.clock.runUntil(moving, 60_000)).toBe(true);
  world.scale(3);
  await becomesHealthy(world);
  expect(world.members).toHaveLength(3);
  expect(world.qdrant.calls.filter(({ name }) => name === 'removePeer')).toEqual([]);
  expect(world.violations()).toEqual([]);
});

test.each([0, 1, 2])('a pod that is killed comes back as the peer that it was: number %i', async (ordinal) => {
  const world = await healthyWorld(3);
  await addCollection(world, 3, 2);
  const peers = world.members.map(({ peer }) => peer).sort();
  world.server.delete('Pod', { namespace, name: `qdrant-${clusterName}-${ordinal}` }, {});
  await world.clock.run(10_000);
  await becomesHealthy(world);
  expect(world.members.map(({ peer }) => peer).sort()).toEqual(peers);
  expect(world.violations()).toEqual([]);
});

test.each([0, 2])('a volume that is lost with its pod is replaced by an empty one: number %i', async (ordinal) => {
  const world = await healthyWorld(3);
  await addCollection(world, 3, 2);
  world.volumes.takeClaim(namespace, `qdrant-storage-qdrant-${clusterName}-${ordinal}`);
  world.server.delete('Pod', { namespace, name: `qdrant-${clusterName}-${ordinal}` }, {});
  await world.clock.run(10_000);
  await becomesHealthy(world);
  expect(world.members).toHaveLength(3);
  expect(world.members[0]?.consensus?.latest.members.size).toBe(3);
  expect(load(world)).toEqual([2, 2, 2]);
  expect(world.violations()).toEqual([]);
});

test('a volume with the only replica of a shard is not given up without consent', async () => {
  const world = new SimulatedWorld();
  world.create(3);
  const { calls } = world.startOperator();
  await becomesHealthy(world);
  await addCollection(world, 3, 1);
  const before = calls.made.length;
  world.volumes.takeClaim(namespace, `qdrant-storage-qdrant-${clusterName}-1`);
  world.server.delete('Pod', { namespace, name: `qdrant-${clusterName}-1` }, {});
  await world.clock.run(300_000);
  expect(world.healthy).toBe(false);
  expect(calls.made.slice(before).filter((call) => /replica|peer/.test(call))).toEqual([]);
  expect(world.resource.status?.conditions).toContainEqual(
    expect.objectContaining({ type: 'DegradedNoReplica', status: 'True' }),
  );
  expect(world.violations()).toEqual([]);
});

test('of two peers one lost its volume, and had nothing on it: removing it fails, which a person is told', async () => {
  const world = await healthyWorld(2);
  world.volumes.takeClaim(namespace, `qdrant-storage-qdrant-${clusterName}-1`);
  world.server.delete('Pod', { namespace, name: `qdrant-${clusterName}-1` }, {});
  await world.clock.run(300_000);
  expect(world.resource.status?.conditions).toContainEqual(
    expect.objectContaining({ type: 'Stalled', status: 'True', reason: 'QuorumLost' }),
  );
  expect(world.members).toHaveLength(1);
  expect(world.qdrant.calls.filter(({ name }) => name === 'removePeer').length).toBeLessThanOrEqual(3);
  expect(world.violations()).toEqual([]);
});

test('all pods at once come back without any help', async () => {
  const world = await healthyWorld(3);
  await addCollection(world, 3, 2);
  for (const { metadata } of world.server.list('Pod').items) {
    world.server.delete('Pod', { namespace, name: metadata?.name ?? '' }, {});
  }
  await world.clock.run(10_000);
  await becomesHealthy(world);
  expect(world.members).toHaveLength(3);
  expect(world.violations()).toEqual([]);
});

test('a cluster that is made again over its retained volumes goes on as what it was', async () => {
  const world = await healthyWorld(3);
  await addCollection(world, 3, 2);
  const peers = world.members.map(({ peer }) => peer).sort();
  world.server.delete('QdrantCluster', { namespace, name: clusterName }, {});
  expect(await world.clock.runUntil(() => world.server.list('Pod').items.length === 0, 60_000)).toBe(true);
  world.create(3);
  await becomesHealthy(world);
  expect(world.members.map(({ peer }) => peer).sort()).toEqual(peers);
  expect(world.violations()).toEqual([]);
});

test.each([
  ['with its status', false],
  ['and its status is wiped, so that only the record tells', true],
])('the only volume is lost, %s: a new cluster begins when a person agrees, never before', async (_, wiped) => {
  const world = await healthyWorld(1);
  const first = String(world.members[0]?.peer);
  world.volumes.takeClaim(namespace, `qdrant-storage-qdrant-${clusterName}-0`);
  world.server.delete('Pod', { namespace, name: `qdrant-${clusterName}-0` }, {});
  await world.clock.run(2000);
  if (wiped)
    world.server.update('QdrantCluster', { namespace, name: clusterName }, (draft) =>
      Object.assign(draft, { status: {} }),
    );
  await world.clock.run(60_000);
  expect(world.violations()).toEqual([]);
  expect(world.resource.status?.conditions).toContainEqual(
    expect.objectContaining({ type: 'Stalled', status: 'True', reason: 'AllVolumesLost' }),
  );
  world.qdrant.invariants.allowNewCluster(scope);
  world.server.update('QdrantCluster', { namespace, name: clusterName }, ({ metadata }) => {
    metadata.annotations = { [namesOf('qdrantcluster.dev').annotations.rebootstrap]: first };
  });
  await world.clock.run(5000);
  await becomesHealthy(world);
  expect(world.members).toHaveLength(1);
  expect(world.violations()).toEqual([]);
});

test('a peer whose last replicas are lost is replaced when a person agrees', async () => {
  const world = await healthyWorld(3);
  await addCollection(world, 3, 1);
  const lost = world.members.find(({ options }) => options.podName.endsWith('-1'))?.peer ?? 0;
  world.volumes.takeClaim(namespace, `qdrant-storage-qdrant-${clusterName}-1`);
  world.server.delete('Pod', { namespace, name: `qdrant-${clusterName}-1` }, {});
  await world.clock.run(30_000);
  expect(world.healthy).toBe(false);
  world.qdrant.invariants.allowLossOf(lost);
  world.server.update('QdrantCluster', { namespace, name: clusterName }, ({ metadata }) => {
    metadata.annotations = { [namesOf('qdrantcluster.dev').annotations.acceptDataLoss]: String(lost) };
  });
  await world.clock.run(5000);
  await becomesHealthy(world);
  expect(world.members).toHaveLength(3);
  expect(world.violations()).toEqual([]);
});
