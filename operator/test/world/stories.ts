/** What people do most with a cluster. */
import { expect } from 'vitest';
import { becomesHealthy, inTime, type Story } from './every-call.js';
import { clusterName, namespace, scope, SimulatedWorld } from './simulated/simulated-world.js';

export async function cluster(size: number): Promise<SimulatedWorld> {
  const world = new SimulatedWorld();
  world.create(size);
  world.startOperator();
  await becomesHealthy(world);
  return world;
}

export async function clusterWithCollection(size: number, shards: number, factor: number): Promise<SimulatedWorld> {
  const world = await cluster(size);
  await addCollection(world, shards, factor);
  return world;
}

/** With a few acknowledged points in each shard. */
export async function addCollection(world: SimulatedWorld, shards: number, factor: number): Promise<void> {
  expect(await inTime(world, world.qdrant.createCollection(scope, 'docs', { shards, factor }))).toBe(true);
  for (let point = 0; point < 4 * shards; point += 1) {
    expect(await inTime(world, world.qdrant.write(scope, 'docs', point))).toBe(true);
  }
}

/** How many replicas each peer has, in ascending order. */
export function load(world: SimulatedWorld): number[] {
  const count = new Map<number, number>(world.members.map(({ peer }) => [peer, 0]));
  for (const { shards } of world.members[0]?.consensus?.latest.metadata.collections.values() ?? []) {
    for (const { peer } of shards.flatMap(({ replicas }) => replicas)) count.set(peer, (count.get(peer) ?? 0) + 1);
  }
  return [...count.values()].sort((a, b) => a - b);
}

export const creation: Story = {
  prepare: () => Promise.resolve(new SimulatedWorld()),
  begin: (world) => world.create(3),
  ended: (world) => expect(world.members).toHaveLength(3),
};

export const scaleUp: Story = {
  prepare: () => clusterWithCollection(1, 3, 1),
  begin: (world) => world.scale(3),
  ended: (world) => expect(load(world)).toEqual([1, 1, 1]),
};

export const scaleDown: Story = {
  prepare: () => clusterWithCollection(3, 3, 1),
  begin: (world) => world.scale(2),
  ended: (world) => expect(load(world)).toEqual([1, 2]),
  isOver: (world) => world.server.list('PersistentVolumeClaim').items.length === 2,
};

/** Every shard has another replica. */
export const lostVolume: Story = {
  prepare: () => clusterWithCollection(3, 3, 2),
  begin: (world) => {
    world.volumes.takeClaim(namespace, `qdrant-storage-qdrant-${clusterName}-2`);
    world.server.delete('Pod', { namespace, name: `qdrant-${clusterName}-2` }, {});
  },
  isOver: (world) => {
    const claim = { namespace, name: `qdrant-storage-qdrant-${clusterName}-2` };
    const live = world.server.get('PersistentVolumeClaim', claim)?.metadata?.uid;
    return live !== undefined && !world.volumes.wasTaken(live) && world.members.length === 3;
  },
  ended: (world) => expect(load(world)).toEqual([2, 2, 2]),
};

export const stories = [
  ['is created', creation],
  ['grows', scaleUp],
  ['shrinks', scaleDown],
  ['gets a peer back whose volume was lost', lostVolume],
] as const;
