import { rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface, type Interface } from 'node:readline';

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { PowerLossRun, temporaryFolder, type Faults } from '../faults/power-loss.js';
import { CrashEvidence } from './crash-evidence.js';

const writer = resolve(import.meta.dirname, 'crash-writer.mjs');
const commands = resolve(import.meta.dirname, 'shard-commands.mjs');

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

interface Answer {
  readonly done?: unknown;
  readonly code?: string | null;
  readonly message?: string;
}

/** A shard in a process over a disk that fails (shard-commands.mjs). */
class RemoteShard {
  readonly #run: PowerLossRun;
  readonly #lines: Interface;
  readonly #answers: AsyncIterator<string>;

  constructor(folder: string, faults: Faults) {
    this.#run = new PowerLossRun({
      command: process.execPath,
      arguments: [commands, folder],
      folder,
      workFolder: join(base, 'work'),
      faults,
    });
    runs.push(this.#run);
    const { stdout } = this.#run.process;
    if (stdout === null) throw new Error('the process has no output');
    this.#lines = createInterface({ input: stdout });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  async ask(command: Readonly<Record<string, unknown>>): Promise<Answer> {
    this.#run.process.stdin?.write(`${JSON.stringify(command)}\n`);
    const answer = await this.#answers.next();
    if (answer.done === true) throw new Error('the process has ended');
    return JSON.parse(answer.value) as Answer;
  }

  write(id: number, value: number): Promise<Answer> {
    return this.ask({ do: 'write', id, value });
  }

  async end(): Promise<number | NodeJS.Signals> {
    this.#run.process.stdin?.end();
    return this.#run.ended();
  }
}

describe('a shard that loses power', () => {
  it('has every acknowledged write in 60 images, vacuums and checkpoints under way', { timeout: 240_000 }, async () => {
    const folder = join(base, 'power');
    const run = new PowerLossRun({
      command: process.execPath,
      arguments: [writer, folder, '7', '1200'],
      folder,
      workFolder: join(base, 'work'),
      marksDescriptor: 1,
    });
    runs.push(run);
    run.process.stdout?.resume();
    expect(await run.ended()).toBe(0);
    let most = 0;
    await run.lose(60, 21, async (image, marks, seed) => {
      const evidence = new CrashEvidence();
      evidence.note(marks);
      most = Math.max(most, evidence.acknowledged);
      await evidence.check(image, `seed ${seed}`);
    });
    expect(most).toBeGreaterThan(100);
  });
});

describe('a shard on a disk that is full', () => {
  it('takes no writes, answers reads, and goes on when space returns', { timeout: 60_000 }, async () => {
    const folder = join(base, 'full');
    const flag = join(base, 'full-flag');
    const shard = new RemoteShard(folder, { fullFlag: flag });
    const stored: Record<string, number> = {};
    // So many that the log has room for more, and RocksDB is the first to find none.
    for (let id = 0; id < 5; id++) {
      expect(await shard.write(id, id)).toMatchObject({ done: { status: 'completed' } });
      stored[id] = id;
    }
    writeFileSync(flag, '');
    expect(await shard.write(5, 5)).toMatchObject({ code: 'NO_SPACE' });
    expect(await shard.write(6, 6)).toMatchObject({ code: 'NO_SPACE' });
    expect(await shard.ask({ do: 'state' })).toMatchObject({ done: { status: { color: 'red' } } });
    expect(await shard.ask({ do: 'values' })).toEqual({ done: stored });
    rmSync(flag);
    await expect.poll(async () => (await shard.write(1, 100)).code ?? null, { timeout: 20_000 }).toBe(null);
    expect(await shard.ask({ do: 'state' })).toMatchObject({ done: { status: { color: 'green' }, readOnly: null } });
    // 5 was logged before the disk was full for RocksDB, so it is applied although its writer was told of the failure.
    const values = { done: { ...stored, 5: 5, 1: 100 } };
    expect(await shard.ask({ do: 'values' })).toEqual(values);
    expect(await shard.end()).toBe(0);
    const again = new RemoteShard(folder, {});
    expect(await again.ask({ do: 'values' })).toEqual(values);
    expect(await again.end()).toBe(0);
  });
});

describe('a shard whose files cannot be synced', () => {
  it('turns red, takes no writes, and has everything after a restart', { timeout: 60_000 }, async () => {
    const folder = join(base, 'sync');
    const shard = new RemoteShard(folder, { failSync: 1, syncPath: 'rows.' });
    for (let id = 0; id < 5; id++) await shard.write(id, id);
    expect(await shard.ask({ do: 'checkpoint' })).toMatchObject({ code: 'IO' });
    expect(await shard.ask({ do: 'state' })).toMatchObject({ done: { status: { color: 'red' } } });
    expect((await shard.write(9, 9)).code).toBe('IO');
    expect((await shard.ask({ do: 'checkpoint' })).code).toBe('IO');
    const values = { done: { 0: 0, 1: 1, 2: 2, 3: 3, 4: 4 } };
    expect(await shard.ask({ do: 'values' })).toEqual(values);
    expect(await shard.end()).toBe(0);
    const again = new RemoteShard(folder, {});
    expect(await again.ask({ do: 'values' })).toEqual(values);
    expect(await again.write(9, 9)).toMatchObject({ done: { status: 'completed' } });
    expect(await again.end()).toBe(0);
  });
});
