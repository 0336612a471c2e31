import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { randomBelow, seededRandom } from '../faults/seeded-random.js';
import { NodeProcess, type NodeProcessOptions } from '../harness/node-process.js';
import { errorText, restCaller, type RestCaller } from '../harness/rest.js';
import { crashSeeds, deadlineMs } from './seeds.js';

const segmentHeaderBytes = 20;
const recordHeaderBytes = 24;
const records = 60;

let base = '';
/** A node that was killed after `records` upserts, one point each, that no checkpoint covers. */
let killed = '';
const nodes: NodeProcess[] = [];

async function start(options: NodeProcessOptions): Promise<NodeProcess> {
  const node = await NodeProcess.start(options);
  nodes.push(node);
  return node;
}

async function put(call: RestCaller, id: number): Promise<number> {
  const body = { points: [{ id, vector: [id, 1], payload: { value: id } }] };
  return (await call('PUT', '/collections/cut/points?wait=true', body)).status;
}

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'vdb-damaged-log-'));
  killed = join(base, 'killed');
  cpSync(mkdtempSync(join(base, 'empty-')), killed, { recursive: true });
  const node = await start({ folder: killed });
  const call = restCaller(node.url);
  const config = { vectors: { size: 2, distance: 'Euclid' }, optimizers_config: { flush_interval_sec: 3600 } };
  expect((await call('PUT', '/collections/cut', config)).status).toBe(200);
  expect((await call('PUT', '/collections/whole', { vectors: { size: 1, distance: 'Dot' } })).status).toBe(200);
  for (let id = 1; id <= records; id += 1) expect(await put(call, id)).toBe(200);
  await node.end('SIGKILL');
});

afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.end('SIGKILL')));
});

afterAll(() => {
  rmSync(base, { recursive: true, force: true });
});

interface Damaged {
  readonly folder: string;
  /** The one segment of the log. */
  readonly log: string;
  /** Where each record starts, and after them where the last one ends. */
  readonly starts: readonly number[];
}

function copy(): Damaged {
  const folder = mkdtempSync(join(base, 'copy-'));
  cpSync(killed, folder, { recursive: true });
  const wal = join(folder, 'storage/collections/cut/0/wal');
  const [name, ...more] = readdirSync(wal);
  expect(more).toEqual([]);
  const log = join(wal, name ?? '');
  const bytes = readFileSync(log);
  const starts = [segmentHeaderBytes];
  for (let at = segmentHeaderBytes; at + 4 <= bytes.length && bytes.readUInt32LE(at) > 0; starts.push(at)) {
    at += recordHeaderBytes + bytes.readUInt32LE(at);
  }
  expect(starts).toHaveLength(records + 1);
  return { folder, log, starts };
}

function flip(path: string, offset: number): void {
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(offset) ^ 0x40, offset);
  writeFileSync(path, bytes);
}

/** The points are those of the first records and no others, and the node goes on from there. */
async function expectPrefix(folder: string, count: number): Promise<void> {
  let node = await start({ folder });
  let call = restCaller(node.url);
  const wanted = Array.from({ length: count }, (_, index) => ({ id: index + 1, payload: { value: index + 1 } }));
  const scrolled = async (): Promise<unknown> =>
    (await call('POST', '/collections/cut/points/scroll', { limit: 1000 })).json.result;
  expect(await scrolled()).toEqual({ points: wanted, next_page_offset: null });
  const query = { query: [count, 1], limit: 1 };
  const hits = count === 0 ? [] : [{ id: count }];
  expect((await call('POST', '/collections/cut/points/query', query)).json.result).toMatchObject({ points: hits });
  expect(await put(call, count + 1)).toBe(200);
  await node.end('SIGKILL');
  node = await start({ folder });
  call = restCaller(node.url);
  const points = [...wanted, { id: count + 1, payload: { value: count + 1 } }];
  expect(await scrolled()).toEqual({ points, next_page_offset: null });
}

const seeds = crashSeeds(2);

describe('a log whose end was torn', () => {
  it.each(seeds)('is cut after the last whole record, seed %i', { timeout: deadlineMs([1], 20_000) }, async (seed) => {
    const { folder, log, starts } = copy();
    const random = seededRandom(seed);
    const left = randomBelow(random, records);
    const start = starts[left] ?? 0;
    const size = start + randomBelow(random, (starts[left + 1] ?? 0) - start);
    truncateSync(log, size);
    await expectPrefix(folder, left);
  });

  it.each(seeds)('loses no more than a last record that was hit, seed %i', async (seed) => {
    const { folder, log, starts } = copy();
    const start = starts[records - 1] ?? 0;
    flip(log, start + randomBelow(seededRandom(seed), (starts[records] ?? 0) - start));
    await expectPrefix(folder, records - 1);
  });
});

describe('a log that is damaged where it was acknowledged', () => {
  it.each(seeds)('is refused by name, and keeps nothing else from being served, seed %i', async (seed) => {
    const { folder, log, starts } = copy();
    const offset =
      segmentHeaderBytes + randomBelow(seededRandom(seed), (starts[records - 2] ?? 0) - segmentHeaderBytes);
    flip(log, offset);
    const name = 'storage/collections/cut/0/wal';

    const failed = await NodeProcess.startFailing({ folder });
    expect([failed.code, failed.signal]).toEqual([1, null]);
    expect(failed.stderr.trim().split('\n')).toHaveLength(1);
    expect(failed.stderr).toMatch(/^The collection cut cannot be opened: .*damaged/);
    expect(failed.stderr).toContain(name);

    const settings = { STORAGE__HANDLE_COLLECTION_LOAD_ERRORS: 'true' };
    const node = await start({ folder, settings });
    const call = restCaller(node.url);
    const whole = { points: [{ id: 1, vector: [1] }] };
    expect((await call('PUT', '/collections/whole/points?wait=true', whole)).status).toBe(200);
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['POST', '/points/scroll', {}],
      ['PUT', '/points', { points: [{ id: 1, vector: [1, 1] }] }],
    ] as const) {
      const reply = await call(method, `/collections/cut${path}`, body);
      expect(reply.status).toBe(500);
      expect(errorText(reply)).toContain(name);
    }
    expect((await call('PUT', '/collections/new', { vectors: { size: 1, distance: 'Dot' } })).status).toBe(200);
    expect((await node.end('SIGTERM')).code).toBe(0);

    // Nothing was touched: with the byte as it was, everything is there.
    flip(log, offset);
    await expectPrefix(folder, records);
  });

  it('can be given up by dropping the collection', async () => {
    const { folder, log, starts } = copy();
    flip(log, starts[3] ?? 0);
    const settings = { STORAGE__HANDLE_COLLECTION_LOAD_ERRORS: 'true' };
    const node = await start({ folder, settings });
    const call = restCaller(node.url);
    expect((await call('DELETE', '/collections/cut')).json.result).toBe(true);
    expect((await call('GET', '/collections/cut')).status).toBe(404);
    expect((await call('PUT', '/collections/cut', { vectors: { size: 2, distance: 'Dot' } })).status).toBe(200);
    expect(await put(call, 1)).toBe(200);
    expect(readdirSync(join(folder, 'storage/.deleted'))).toEqual([]);
  });
});
