import { afterEach, describe, expect, it } from 'vitest';
import { Background } from '../harness/background.js';
import { ClusterCollection, pointOf, type StoredPoint } from '../harness/cluster-collection.js';
import type { ClusterNode } from '../harness/cluster-node.js';
import { TestCluster } from '../harness/test-cluster.js';
import { waitUntil } from '../harness/waiting.js';

let cluster: TestCluster | null = null;

afterEach(async () => {
  await cluster?.dispose();
  cluster = null;
});

const loadMs = 8_000;

/** Ids of its own for each writer, so that what was acknowledged last is what must be there. */
const idsPerWriter = 200;

interface Writer {
  readonly acknowledged: Map<number, number>;
  readonly unsure: Map<number, number>;
  readonly work: Background;
}

function writer(collection: ClusterCollection, node: ClusterNode): Writer {
  const acknowledged = new Map<number, number>();
  const unsure = new Map<number, number>();
  const work = new Background(async (round) => {
    const id = node.index * idsPerWriter + (round % idsPerWriter);
    unsure.set(id, round);
    // What fails may still have been written somewhere.
    if ((await collection.upsert(node, [pointOf(id, round)], '?wait=true&timeout=5')) !== 200) return;
    acknowledged.set(id, round);
    unsure.delete(id);
  });
  return { acknowledged, unsure, work };
}

/** Each point is what was acknowledged last, or a later write that may have got through. */
function expectPromisesKept(points: readonly StoredPoint[], writers: readonly Writer[]): void {
  const found = new Map(points.map((point) => [point.id, point]));
  for (const { acknowledged, unsure } of writers) {
    for (const [id, round] of acknowledged) {
      const allowed = [pointOf(id, round), ...(unsure.has(id) ? [pointOf(id, unsure.get(id))] : [])];
      expect(allowed).toContainEqual(found.get(id));
    }
  }
}

async function afterTrouble(
  running: TestCluster,
  collection: ClusterCollection,
  writers: readonly Writer[],
): Promise<void> {
  await running.formed();
  // Each write through a node that is cut off takes as long as it may.
  const rounds = await Promise.all(writers.map(({ work }) => work.stop()));
  expect(Math.max(...rounds)).toBeGreaterThan(10);
  // A write to every shard shows each leader who is behind. A node that was cut off may refuse for a moment, until
  // it knows what was agreed on meanwhile.
  for (let id = 10_000; id < 10_030; id += 1) {
    await waitUntil(async () => (await collection.upsert(running.node(0), [pointOf(id)])) === 200, {
      what: `point ${id} to be written`,
      deadlineMs: 10_000,
    });
  }
  await running.allActive(collection.name, 60_000);
  const [first, ...others] = await Promise.all(running.nodes.map((node) => collection.points(node)));
  for (const other of others) expect(other).toEqual(first);
  expectPromisesKept(first ?? [], writers);
}

describe('a node that the others do not hear', () => {
  it.each(['silent', 'refused'] as const)(
    'for a while (%s): acknowledged writes of both sides stay, and all replicas end equal',
    { timeout: 120_000 },
    async (kind) => {
      cluster = await TestCluster.start();
      const running = cluster;
      const collection = new ClusterCollection('parted');
      await collection.create(running.node(0), { shards: 3, factor: 3, writeConsistency: 2 });
      const writers = running.nodes.map((node) => writer(collection, node));
      const apart = await running.leader();
      await running.partition([running.nodes.filter((node) => node !== apart).map(({ index }) => index)], { kind });
      await new Promise((resolve) => setTimeout(resolve, loadMs));
      await running.heal();
      await afterTrouble(running, collection, writers);
    },
  );

  it('because it is paused: writes through the others go on, and it catches up', { timeout: 120_000 }, async () => {
    cluster = await TestCluster.start();
    const running = cluster;
    const collection = new ClusterCollection('paused');
    await collection.create(running.node(0), { shards: 3, factor: 3, writeConsistency: 2 });
    const paused = running.node(2);
    const writers = [running.node(0), running.node(1)].map((node) => writer(collection, node));
    paused.pause();
    await new Promise((resolve) => setTimeout(resolve, loadMs));
    paused.resume();
    await afterTrouble(running, collection, writers);
  });
});
