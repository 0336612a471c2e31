import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../faults/power-loss.js';
import { WatchedDisk, type PowerLoss } from '../faults/watched-disk.js';
import { NodeProcess } from '../harness/node-process.js';
import { restCaller, type RestCaller } from '../harness/rest.js';
import { checkCollection, checkConsistency, scrollAll } from './check-collection.js';
import { IndexToggler } from './index-toggler.js';
import { MixedLoad } from './mixed-load.js';
import { collectionOfSteps } from './random-steps.js';
import { crashSeeds, deadlineMs } from './seeds.js';
import { savedGeneration } from './shard-files.js';

const writesBeforeVacuum = 120;
const writesAfterVacuum = 40;
const imagesPerRun = 6;
const seeds = crashSeeds(1);

const pollOptions = { timeout: 20_000 };

let base = '';

beforeEach(() => {
  base = temporaryFolder();
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

interface Run {
  readonly disk: WatchedDisk;
  readonly load: MixedLoad;
  /** When the collection's creation was acknowledged, by the journal. */
  readonly createdAt: number;
}

/** One node under load over a disk that is watched, through a checkpoint and a vacuum, killed under load. */
async function run(seed: number, settings: Readonly<Record<string, string>>): Promise<Run> {
  const folder = join(base, 'node');
  const disk = new WatchedDisk({ folder, workFolder: join(base, 'work') });
  const node = await NodeProcess.start({ folder, settings, environment: disk.environment });
  const call = restCaller(node.url);
  const load = new MixedLoad('power', seed);
  expect((await call('PUT', load.path, collectionOfSteps)).status).toBe(200);
  const createdAt = disk.journalBytes();
  const indexes = new IndexToggler(load.path, seed).run(call);
  const writeUntil = (writes: number, end: () => void): Promise<void> =>
    load.run(call, {
      now: () => disk.journalBytes(),
      acknowledged: (count) => {
        if (count === writes) end();
      },
    });
  await writeUntil(writesBeforeVacuum, () => load.stop());
  await expect.poll(() => savedGeneration(join(folder, 'storage', load.path, '0')), pollOptions).toBeGreaterThan(0);
  await writeUntil(load.acknowledged + writesAfterVacuum, () => node.signal('SIGKILL'));
  await indexes;
  await node.exit;
  return { disk, load, createdAt };
}

/** Starts a node on what power loss left. */
async function withImage(loss: PowerLoss, check: (call: RestCaller) => Promise<void>): Promise<void> {
  const node = await NodeProcess.start({ folder: loss.image }).catch((error: unknown) => {
    throw new Error(`seed ${loss.seed}: ${String(error)}`);
  });
  try {
    await check(restCaller(node.url));
    expect((await node.end('SIGTERM')).code).toBe(0);
  } finally {
    await node.end('SIGKILL');
  }
}

describe('a node that loses power under load', () => {
  it.each(seeds)(
    'has every acknowledged write with sync always, seed %i',
    { timeout: deadlineMs([1], 120_000) },
    async (seed) => {
      const { disk, load, createdAt } = await run(seed, {});
      await disk.lose(imagesPerRun, seed, (loss) =>
        withImage(loss, async (call) => {
          if (loss.position < createdAt) return;
          await checkCollection(call, load.path, load.candidatesAt(loss.position));
        }),
      );
    },
  );

  it.each(seeds)(
    'starts and is consistent with sync by interval, seed %i',
    { timeout: deadlineMs([1], 120_000) },
    async (seed) => {
      const settings = { STORAGE__WAL__SYNC: 'interval', STORAGE__WAL__SYNC_INTERVAL_MS: '50' };
      const { disk, load, createdAt } = await run(seed, settings);
      await disk.lose(imagesPerRun, seed, (loss) =>
        withImage(loss, async (call) => {
          if (loss.position >= createdAt) await checkConsistency(call, load.path, await scrollAll(call, load.path));
        }),
      );
    },
  );
});
