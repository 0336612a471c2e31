import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { randomBelow, seededRandom } from '../faults/seeded-random.js';
import { NodeProcess } from '../harness/node-process.js';
import { restCaller, type RestCaller } from '../harness/rest.js';
import { checkCollection } from './check-collection.js';
import { IndexToggler } from './index-toggler.js';
import { MixedLoad } from './mixed-load.js';
import { collectionOfSteps } from './random-steps.js';
import { crashSeeds, deadlineMs } from './seeds.js';
import { savedGeneration } from './shard-files.js';

const nodes: NodeProcess[] = [];
const rounds = 4;

afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.remove()));
});

async function start(folder?: string): Promise<NodeProcess> {
  const node = await NodeProcess.start(folder === undefined ? {} : { folder });
  nodes.push(node);
  return node;
}

/**
 * Writes and changes indexes until so many writes are acknowledged, then kills the node: at once, or so
 * long after the last write that it is about to save what it has, or in the middle of that.
 */
async function runUntilKilled(
  node: NodeProcess,
  load: MixedLoad,
  indexes: IndexToggler,
  { writes, calmMs }: { readonly writes: number; readonly calmMs: number | null },
): Promise<void> {
  const call = restCaller(node.url);
  const target = load.acknowledged + writes;
  const toggling = indexes.run(call);
  await load.run(call, {
    acknowledged: (count) => {
      if (count !== target) return;
      if (calmMs === null) node.signal('SIGKILL');
      else load.stop();
    },
  });
  if (calmMs !== null) {
    indexes.stop();
    await toggling;
    await pause(calmMs);
    node.signal('SIGKILL');
  }
  await toggling;
  expect(await node.exit).toEqual({ code: null, signal: 'SIGKILL' });
}

async function check(call: RestCaller, load: MixedLoad, indexes: IndexToggler): Promise<void> {
  load.settle(await checkCollection(call, load.path, load.candidates));
  await indexes.check(call);
}

const seeds = crashSeeds(1);

describe('a node that is killed under load', () => {
  it.each(seeds)('has every acknowledged write, seed %i', { timeout: deadlineMs([1], 120_000) }, async (seed) => {
    const random = seededRandom(seed);
    const load = new MixedLoad('kill', seed);
    const indexes = new IndexToggler(load.path, seed);
    let node = await start();
    const { folder } = node;
    expect((await restCaller(node.url)('PUT', load.path, collectionOfSteps)).status).toBe(200);
    for (let round = 0; round < rounds; round += 1) {
      await runUntilKilled(node, load, indexes, {
        writes: 20 + randomBelow(random, 250),
        calmMs: round % 2 === 0 ? null : 950 + randomBelow(random, 250),
      });
      if (randomBelow(random, 2) === 0) await killWhileStarting(folder, randomBelow(random, 400));
      node = await start(folder);
      await check(restCaller(node.url), load, indexes);
    }
    await expect
      .poll(() => savedGeneration(join(folder, 'storage', load.path, '0')), { timeout: 20_000 })
      .toBeGreaterThan(0);
    await check(restCaller(node.url), load, indexes);
    // What was found after a replay is what is found after a checkpoint.
    expect((await node.end('SIGTERM')).code).toBe(0);
    node = await start(folder);
    await check(restCaller(node.url), load, indexes);
  });
});

/** A recovery that is itself cut short, wherever that comes. */
async function killWhileStarting(folder: string, afterMs: number): Promise<void> {
  expect((await NodeProcess.startFailing({ folder }, afterMs)).signal).toBe('SIGKILL');
}
