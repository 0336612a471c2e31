import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DiskEvent } from '../faults/disk-journal.js';
import { temporaryFolder } from '../faults/power-loss.js';
import { WatchedDisk } from '../faults/watched-disk.js';
import { NodeProcess } from '../harness/node-process.js';
import { errorText, restCaller } from '../harness/rest.js';
import { checkCollection } from './check-collection.js';
import { MixedLoad } from './mixed-load.js';
import { collectionOfSteps } from './random-steps.js';
import { crashSeeds } from './seeds.js';

const seeds = crashSeeds(1);

let base = '';

beforeEach(() => {
  base = temporaryFolder();
});

afterEach(() => {
  rmSync(base, { recursive: true, force: true });
});

/** Syncs of the file whose sync failed, from that moment on. */
function syncsAfterTheFailure(events: readonly DiskEvent[]): readonly DiskEvent[] {
  const failure = events.findIndex((event) => event.kind === 'sync failed');
  const failed = events[failure];
  expect(failed).toBeDefined();
  return events
    .slice(failure + 1)
    .filter((event) => event.kind === 'sync' && failed?.kind === 'sync failed' && event.handle === failed.handle);
}

describe('a node whose log cannot be synced once', () => {
  it.each(seeds)('acknowledges nothing of that, turns red, and has the rest after a restart, seed %i', async (seed) => {
    const folder = join(base, 'node');
    const faults = { failSync: 20 + seed, syncPath: '/wal/' };
    const disk = new WatchedDisk({ folder, workFolder: join(base, 'work'), faults });
    const node = await NodeProcess.start({ folder, environment: disk.environment });
    const call = restCaller(node.url);
    const load = new MixedLoad('sync', seed);
    expect((await call('PUT', load.path, collectionOfSteps)).status).toBe(200);
    expect((await call('PUT', '/collections/other', { vectors: { size: 1, distance: 'Dot' } })).status).toBe(200);
    const refusals: string[] = [];
    await load.run(call, {
      now: () => disk.journalBytes(),
      refused: (reply) => {
        refusals.push(`${reply.status} ${errorText(reply)}`);
        return 'end';
      },
    });
    expect(refusals).toHaveLength(load.writers.length);
    for (const refusal of refusals) expect(refusal).toMatch(/^500 .*sync.*wal/i);
    expect(load.acknowledged).toBeGreaterThan(5);

    const info = (await call('GET', load.path)).json.result;
    expect(info).toMatchObject({ status: 'red', optimizer_status: { error: expect.stringMatching(/wal/) as string } });
    const point = { points: [{ id: 1, vector: {} }] };
    expect((await call('PUT', `${load.path}/points`, point)).status).toBe(500);
    expect((await call('POST', `${load.path}/points/scroll`, {})).status).toBe(200);
    const other = { points: [{ id: 1, vector: [1] }] };
    expect((await call('PUT', '/collections/other/points?wait=true', other)).status).toBe(200);
    await node.end('SIGTERM');
    expect(syncsAfterTheFailure(disk.events())).toEqual([]);

    // What the failed sync covered may be in the files or, once the power is gone, may not.
    const again = await NodeProcess.start({ folder });
    try {
      await checkCollection(restCaller(again.url), load.path, load.candidates);
    } finally {
      await again.end('SIGKILL');
    }
    await disk.lose(
      3,
      seed,
      async (loss) => {
        const restarted = await NodeProcess.start({ folder: loss.image });
        try {
          await checkCollection(restCaller(restarted.url), load.path, load.candidatesAt(loss.position));
        } finally {
          await restarted.end('SIGKILL');
        }
      },
      disk.events().findIndex((event) => event.kind === 'sync failed'),
    );
  });
});
