import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadAddon, type LogOptions } from '../../src/engine/addon.js';
import { expectedBody, readLogRecords } from './log-records.js';
import { PowerLossRun, temporaryFolder, type Faults } from './power-loss.js';

const writer = fileURLToPath(new URL('log-writer.mjs', import.meta.url));
const addonPath = fileURLToPath(new URL('../../build/Release/engine.node', import.meta.url));
const addon = loadAddon();
const options: LogOptions = { segmentBytes: 40_000, sync: 'always', syncIntervalMs: 5 };

let base = '';
let runs: PowerLossRun[] = [];

beforeAll(() => {
  base = temporaryFolder();
});

afterEach(async () => {
  await Promise.all(runs.map((run) => run.dispose()));
  runs = [];
});

afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

function start(name: string, sync: LogOptions['sync'], pairs: number, faults: Faults = {}): PowerLossRun {
  const folder = join(base, name);
  const run = new PowerLossRun({
    command: process.execPath,
    arguments: [writer, addonPath, join(folder, 'log'), sync, String(options.segmentBytes), String(pairs)],
    folder,
    workFolder: join(base, 'work'),
    marksDescriptor: 1,
    faults,
  });
  run.process.stdout!.resume();
  runs.push(run);
  return run;
}

/** Opens the log in `folder`, checks every record in its files, goes on appending, and returns its last sequence. */
async function checkLog(folder: string): Promise<number> {
  const log = await addon.openLog(folder, options);
  const { firstSequence, lastSequence } = log;
  if (lastSequence >= firstSequence) {
    const next = log.append([expectedBody(lastSequence + 1)]);
    expect(next).toBe(lastSequence + 1);
    await log.durable(next);
  }
  await log.close();
  const records = readLogRecords(folder);
  if (records.length === 0) return lastSequence;
  expect(records[0]!.sequence).toBe(firstSequence);
  expect(records.at(-1)!.sequence).toBe(lastSequence + 1);
  for (const [index, record] of records.entries()) {
    expect(record.sequence).toBe(firstSequence + index);
    expect(record.body.equals(expectedBody(record.sequence))).toBe(true);
  }
  return lastSequence;
}

function lastOf(marks: string): number {
  return Math.max(0, ...marks.split('\n').slice(0, -1).map(Number));
}

describe('a log under power loss', () => {
  it('has every acknowledged record in 300 images, with sync always', { timeout: 120_000 }, async () => {
    const run = start('always', 'always', 300);
    expect(await run.ended()).toBe(0);
    let most = 0;
    await run.lose(300, 11, async (image, marks, seed) => {
      const acknowledged = lastOf(marks);
      most = Math.max(most, acknowledged);
      const last = await checkLog(join(image, 'log'));
      expect(last, `seed ${seed}`).toBeGreaterThanOrEqual(acknowledged);
    });
    expect(most).toBeGreaterThan(300);
  });

  it(
    'opens with a whole prefix of the records in 150 images, with sync by interval',
    { timeout: 120_000 },
    async () => {
      const run = start('interval', 'interval', 300);
      expect(await run.ended()).toBe(0);
      let lost = 0;
      await run.lose(150, 12, async (image, marks) => {
        if ((await checkLog(join(image, 'log'))) < lastOf(marks)) ++lost;
      });
      // What `always` promises is not promised here: the images are harsh enough to tell the two apart.
      expect(lost).toBeGreaterThan(0);
    },
  );
});

describe('a log on a disk that fails', () => {
  it('keeps what was acknowledged before a sync failed', async () => {
    const run = start('sync', 'always', 300, { failSync: 8, syncPath: '.log' });
    expect(await run.ended()).toBe(3);
    await run.lose(50, 13, async (image, marks) => {
      expect(await checkLog(join(image, 'log'))).toBeGreaterThanOrEqual(lastOf(marks));
    });
  });

  it('keeps what was acknowledged before the disk was full', async () => {
    const run = start('space', 'always', 300, { spaceBytes: 200_000 });
    expect(await run.ended()).toBe(3);
    await run.lose(50, 14, async (image, marks) => {
      expect(await checkLog(join(image, 'log'))).toBeGreaterThanOrEqual(lastOf(marks));
    });
  });

  it('takes appends again when space returns', async () => {
    const folder = join(base, 'returns');
    const flag = join(base, 'full');
    const run = new PowerLossRun({
      command: process.execPath,
      arguments: [fileURLToPath(new URL('full-log-writer.mjs', import.meta.url)), addonPath, join(folder, 'log')],
      folder,
      workFolder: join(base, 'work'),
      faults: { fullFlag: flag },
    });
    runs.push(run);
    const lines: string[] = [];
    const next = async (): Promise<string> => {
      while (lines.length === 0) {
        const [data] = (await once(run.process.stdout!, 'data')) as [Buffer];
        lines.push(...data.toString().split('\n').filter(Boolean));
      }
      return lines.shift()!;
    };
    const tell = (line: string): void => void run.process.stdin!.write(`${line}\n`);
    tell('append');
    expect(await next()).toBe('1');
    writeFileSync(flag, '');
    tell('append');
    expect(await next()).toBe('NO_SPACE');
    tell('append');
    expect(await next()).toBe('NO_SPACE');
    rmSync(flag);
    tell('append until taken');
    expect(await next()).toBe('2');
    run.process.stdin!.end();
    expect(await run.ended()).toBe(0);
    expect(readLogRecords(join(folder, 'log')).map((record) => record.sequence)).toEqual([1, 2]);
  });
});
