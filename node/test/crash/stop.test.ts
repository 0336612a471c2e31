import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { NodeProcess, type NodeProcessOptions } from '../harness/node-process.js';
import { restCaller } from '../harness/rest.js';
import { checkCollection } from './check-collection.js';
import { MixedLoad } from './mixed-load.js';
import { collectionOfSteps } from './random-steps.js';
import { crashSeeds } from './seeds.js';
import { unsavedOperations } from './shard-files.js';

const nodes: NodeProcess[] = [];

afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.remove()));
});

async function start(options: NodeProcessOptions = {}): Promise<NodeProcess> {
  const node = await NodeProcess.start(options);
  nodes.push(node);
  return node;
}

const seeds = crashSeeds(1);

describe('a node that is told to stop under load', () => {
  it.each(seeds)('answers what is under way, saves everything and ends with 0, seed %i', async (seed) => {
    const load = new MixedLoad('stop', seed);
    const node = await start();
    expect((await restCaller(node.url)('PUT', load.path, collectionOfSteps)).status).toBe(200);
    await load.run(restCaller(node.url), {
      acknowledged: (count) => {
        if (count === 60) node.signal('SIGTERM');
      },
    });
    expect(await node.exit).toEqual({ code: 0, signal: null });
    expect(node.stderr).toBe('');
    expect(unsavedOperations(join(node.folder, 'storage', load.path, '0'))).toBe(0);
    const again = await start({ folder: node.folder });
    await checkCollection(restCaller(again.url), load.path, load.candidates);
  });

  it('serves for its delay, and loses nothing that it answers then', async () => {
    const load = new MixedLoad('delay', 7);
    const node = await start({ settings: { SERVICE__SHUTDOWN_DELAY_SEC: '2' } });
    const call = restCaller(node.url);
    expect((await call('PUT', load.path, collectionOfSteps)).status).toBe(200);
    let signalledAtMs = 0;
    let answeredAfter = 0;
    await load.run(call, {
      acknowledged: (count) => {
        if (signalledAtMs > 0) answeredAfter += 1;
        if (count !== 20) return;
        node.signal('SIGTERM');
        signalledAtMs = performance.now();
      },
    });
    expect(await node.exit).toEqual({ code: 0, signal: null });
    expect(performance.now() - signalledAtMs).toBeGreaterThan(1_900);
    expect(answeredAfter).toBeGreaterThan(4);
    const again = await start({ folder: node.folder });
    await checkCollection(restCaller(again.url), load.path, load.candidates);
  });

  it('exits at once when it is told twice, and has every acknowledged write', async () => {
    const load = new MixedLoad('twice', 8);
    const node = await start({ settings: { SERVICE__SHUTDOWN_DELAY_SEC: '600' } });
    const call = restCaller(node.url);
    expect((await call('PUT', load.path, collectionOfSteps)).status).toBe(200);
    await load.run(call, {
      acknowledged: (count) => {
        if (count === 30) node.signal('SIGTERM');
        if (count === 60) node.signal('SIGTERM');
      },
    });
    expect(await node.exit).toEqual({ code: 143, signal: null });
    const again = await start({ folder: node.folder });
    await checkCollection(restCaller(again.url), load.path, load.candidates);
  });
});
