import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../faults/power-loss.js';
import { WatchedDisk } from '../faults/watched-disk.js';
import { NodeProcess } from '../harness/node-process.js';
import { errorText, restCaller, type RestCaller } from '../harness/rest.js';
import { checkCollection, scrollAll } from './check-collection.js';
import { MixedLoad } from './mixed-load.js';
import { collectionOfSteps } from './random-steps.js';
import { crashSeeds, deadlineMs } from './seeds.js';

/** How soon a node takes writes again: it asks every second. */
const recoveryMsMax = 20_000;

let base = '';

beforeEach(() => {
  base = temporaryFolder();
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

/** A disk that can be filled and emptied while a node writes to it. */
interface Disk {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly fill: () => void;
  readonly free: () => void;
}

async function whileFull(call: RestCaller, load: MixedLoad): Promise<void> {
  const info = async (): Promise<unknown> => (await call('GET', load.path)).json.result;
  // Small writes of other writers may fit for a while.
  await expect.poll(info, { timeout: 10_000 }).toMatchObject({
    status: expect.stringMatching(/^(grey|red)$/) as string,
    optimizer_status: { error: expect.stringMatching(/space/i) as string },
  });
  const found = await scrollAll(call, load.path);
  expect(found.length).toBeGreaterThan(0);
  const query = { query: found.find(({ vector }) => vector.dense !== undefined)?.vector.dense, using: 'dense' };
  expect((await call('POST', `${load.path}/points/query`, query)).status).toBe(200);
  expect((await call('GET', '/readyz')).status).toBe(200);
  const late = await call('PUT', '/collections/late', { vectors: { size: 1, distance: 'Dot' } });
  // A cut log may have left a few blocks, and a collection needs no more.
  expect(`${late.status} ${errorText(late)}`).toMatch(/^(200 $|507 No space left)/);
}

/** Fills the disk under load, frees it, and lets the load go on in the same process; then kills that. */
async function scenario(seed: number, disk: Disk): Promise<void> {
  let node = await NodeProcess.start({ folder: disk.folder, environment: disk.environment });
  try {
    const call = restCaller(node.url);
    const load = new MixedLoad('full', seed);
    expect((await call('PUT', load.path, collectionOfSteps)).status).toBe(200);
    expect(
      (await call('PUT', `${load.path}/index?wait=true`, { field_name: 'tag', field_schema: 'keyword' })).status,
    ).toBe(200);
    const refusals: string[] = [];
    let full: Promise<void> | null = null;
    let freedAtMs = Infinity;
    let acknowledgedAtEnd = Infinity;
    await load.run(call, {
      acknowledged: (count) => {
        if (count === 60) disk.fill();
        if (count > acknowledgedAtEnd) load.stop();
      },
      refused: async (reply) => {
        refusals.push(`${reply.status} ${errorText(reply)}`);
        full ??= whileFull(call, load).finally(() => {
          disk.free();
          freedAtMs = performance.now();
          acknowledgedAtEnd = load.acknowledged + 60;
        });
        await full;
        expect(performance.now() - freedAtMs, `still ${refusals.at(-1)}`).toBeLessThan(recoveryMsMax);
        await pause(50);
        return 'again' as const;
      },
    });
    expect(refusals.length).toBeGreaterThan(0);
    for (const refusal of refusals) expect(refusal).toMatch(/^507 No space left on the storage device: /);
    await checkCollection(call, load.path, load.candidates);
    await expect
      .poll(async () => (await call('GET', load.path)).json.result, { timeout: 20_000 })
      .toMatchObject({
        status: 'green',
        optimizer_status: 'ok',
      });
    // Refused, or made now that it can be: never in between.
    const { result: late } = (await call('GET', '/collections/late/exists')).json;
    expect((await call('GET', '/collections/late')).status).toBe((late as { exists: boolean }).exists ? 200 : 404);
    await node.end('SIGKILL');
    node = await NodeProcess.start({ folder: disk.folder });
    await checkCollection(restCaller(node.url), load.path, load.candidates);
  } finally {
    await node.end('SIGKILL');
  }
}

const seeds = crashSeeds(1);

describe('a node on a disk that fills up', () => {
  it.each(seeds)(
    'refuses writes with 507, answers reads, and goes on when space returns, seed %i',
    { timeout: deadlineMs([1], 60_000) },
    async (seed) => {
      const folder = join(base, 'node');
      const flag = join(base, 'full');
      const disk = new WatchedDisk({ folder, workFolder: join(base, 'work'), faults: { fullFlag: flag } });
      await scenario(seed, {
        folder,
        environment: disk.environment,
        fill: () => writeFileSync(flag, ''),
        free: () => rmSync(flag),
      });
    },
  );
});

/** A file system of 64 MiB, where this user may mount one. */
function mountSmallDisk(): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'vdb-small-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', folder], { stdio: 'ignore' });
    return folder;
  } catch {
    rmSync(folder, { recursive: true });
    return null;
  }
}

function unmount(folder: string): void {
  execFileSync('umount', ['-l', folder]);
  rmSync(folder, { recursive: true });
}

/** Tried before any test, and left as it was: a test that is not run must leave no mount behind. */
function canMount(): boolean {
  const folder = mountSmallDisk();
  if (folder !== null) unmount(folder);
  return folder !== null;
}

describe.skipIf(!canMount())('a node on a small file system', () => {
  let small = '';

  beforeEach(() => {
    small = mountSmallDisk() ?? '';
  });

  afterEach(() => unmount(small));

  it(
    'refuses writes with 507, answers reads, and goes on when space returns',
    { timeout: deadlineMs([1], 60_000) },
    async () => {
      const folder = join(small, 'node');
      const ballast = join(small, 'ballast');
      mkdirSync(folder);
      await scenario(3, {
        folder,
        environment: {},
        fill: () => fillUp(ballast),
        free: () => rmSync(ballast),
      });
    },
  );
});

/** Takes every block that is left. */
function fillUp(path: string): void {
  for (let size = 1 << 20; size >= 4096; size /= 2) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    }
  }
}
