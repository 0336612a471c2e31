import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';

const addonPath = fileURLToPath(new URL('../../build/Release/engine.node', import.meta.url));
const base = mkdtempSync(join(tmpdir(), 'vdb-end-'));

afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

/** Work of every kind that is under way when the script goes on. */
const busy = `
  const addon = require(${JSON.stringify(addonPath)});
  const folder = require('node:fs').mkdtempSync(${JSON.stringify(join(base, 'run-'))});
  const options = { segmentBytes: 1 << 20, sync: 'always', syncIntervalMs: 200 };
  async function start() {
    const store = await addon.openStore(folder + '/store', { blockCacheBytes: 1 << 20 });
    const log = await addon.openLog(folder + '/log', options);
    const body = Buffer.from(JSON.stringify({ points: Array.from({ length: 200 }, (_, id) => ({ id, vector: [1, 2, 3, 4] })) }));
    for (let i = 0; i < 300; i++) {
      log.durable(log.append([new Uint8Array(5000)])).catch(() => {});
      addon.codec.parseUpsertAsync(body, [{ name: '', kind: 'dense', dimension: 4 }]).catch(() => {});
      store.dropShard(i, 0).catch(() => {});
    }
    for (let i = 0; i < 4; i++) addon.openStore(folder + '/more' + i, { blockCacheBytes: 1 << 20 }).catch(() => {});
  }
`;

function run(script: string): { status: number | null; signal: NodeJS.Signals | null; errors: string } {
  const { status, signal, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', timeout: 25_000 });
  return { status, signal, errors: stderr };
}

const ended = (status: number): unknown => ({ status, signal: null, errors: '' });

describe('the end of a process that uses the engine', () => {
  it('leaves by process.exit with everything under way', () => {
    for (let i = 0; i < 5; i++) expect(run(`${busy} start().then(() => process.exit(7));`)).toEqual(ended(7));
  });

  it('leaves by itself when nothing is awaited any more, with objects left open', () => {
    expect(run(`${busy} start();`)).toEqual(ended(0));
  });

  it('leaves after an uncaught error', () => {
    const { status, signal } = run(`${busy} start().then(() => { throw new Error('on purpose'); });`);
    expect({ status, signal }).toEqual({ status: 1, signal: null });
  });

  it('survives workers that end with everything under way', () => {
    const worker = JSON.stringify(`${busy} start().then(() => process.exit(0));`);
    const script = `
      const { Worker } = require('node:worker_threads');
      const addon = require(${JSON.stringify(addonPath)});
      async function main() {
        for (let i = 0; i < 3; i++) {
          const worker = new Worker(${worker}, { eval: true });
          await new Promise((resolve) => worker.on('exit', resolve));
        }
        addon.openLog(${JSON.stringify(join(base, 'after'))}, { segmentBytes: 1000, sync: 'always', syncIntervalMs: 1 })
          .then((log) => log.close()).then(() => process.exit(9));
      }
      main();`;
    expect(run(script)).toEqual(ended(9));
  });
});
