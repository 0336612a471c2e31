import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  loadAddon,
  type NativeAddon,
  type NativeLog,
  type NativeShard,
  type ShardSchema,
} from '@qdrant-operator/node/dist/engine/addon.js';
import { compileFilter } from '@qdrant-operator/node/dist/payload/compile-filter.js';
import type { Filter } from '@qdrant-operator/node/dist/payload/filter.js';
import { rowOf, type Matrix } from '../../examples/src/exact-search.js';
import { readMatrix } from '../../examples/src/wordnet-set.js';
import type { CurvePoint } from './curve.js';
import { searchesInFlight, type EngineMeasurement, type FilteredMeasurement } from './engine-measurement.js';
import { readCategories, readPlan, readTruth, type EnginePlan } from './engine-plan.js';
import { bucketsOf, type CaseFilter } from './filter-cases.js';
import { residentBytes } from './process-memory.js';
import { idsOfBatch } from './point-batch-ids.js';
import { median } from './statistics.js';

const batchRows = 500;
const collection = 1;
const nothingSelected = Uint8Array.of(0);
/** More bytes than any shard holds: with it as threshold no graph is built. */
const never = 2 ** 50;

/** Our engine through its addon, on a pool of one search thread. */
class EngineUnderTest {
  readonly #shard: NativeShard;
  readonly #addon: NativeAddon;
  readonly #log: NativeLog;
  readonly #plan: EnginePlan;

  private constructor(addon: NativeAddon, log: NativeLog, shard: NativeShard, plan: EnginePlan) {
    this.#addon = addon;
    this.#log = log;
    this.#shard = shard;
    this.#plan = plan;
  }

  static async open(plan: EnginePlan, folder: string): Promise<EngineUnderTest> {
    const addon = loadAddon();
    addon.configure({ searchThreads: 1, indexThreads: 2 });
    const log = await addon.openLog(join(folder, 'wal'), {
      segmentBytes: 32 << 20,
      sync: 'interval',
      syncIntervalMs: 200,
    });
    const store = await addon.openStore(join(folder, 'store'), { blockCacheBytes: 32 << 20 });
    const shard = await addon.openShard({
      directory: join(folder, 'shard'),
      store,
      log,
      collection,
      shard: 0,
      schema: schemaOf(plan, never),
    });
    return new EngineUnderTest(addon, log, shard, plan);
  }

  async load(vectors: Matrix, categories: readonly string[]): Promise<void> {
    const buckets = bucketsOf(this.#plan.rows);
    const shapes = [{ name: '', kind: 'dense', dimension: this.#plan.dimension }] as const;
    for (const [path, type] of [
      ['category', 1],
      ['bucket', 2],
    ] as const) {
      await this.#apply(fieldIndexOperation(path, type));
    }
    for (let first = 0; first < this.#plan.rows; first += batchRows) {
      const points = [];
      for (let row = first; row < Math.min(first + batchRows, this.#plan.rows); row++) {
        const payload = { category: categories[row], bucket: buckets[row] };
        points.push({ id: row, vector: Array.from(rowOf(vectors, row)), payload });
      }
      const { operation } = this.#addon.codec.parseUpsert(Buffer.from(JSON.stringify({ points })), shapes);
      await this.#apply(operation);
    }
  }

  /** Lets the graph be built and waits until every row is in it. */
  async build(): Promise<void> {
    await this.#shard.updateSchema(schemaOf(this.#plan, 1_000 * 1024));
    for (;;) {
      const { pendingRows, vectors } = this.#shard.info();
      if (pendingRows === 0 && vectors[0]!.indexedRows >= this.#plan.rows) return;
      await sleep(10);
    }
  }

  async search(query: Float32Array, ef: number, filter: Uint8Array | null): Promise<Buffer> {
    return this.#shard.search({
      vector: '',
      query,
      filter,
      limit: this.#plan.limit,
      offset: 0,
      ef,
      exact: false,
      scoreThreshold: null,
      indexedOnly: false,
      payload: nothingSelected,
      vectors: nothingSelected,
    });
  }

  async #apply(operation: Uint8Array): Promise<void> {
    const sequence = this.#log.append([operation]);
    await this.#shard.apply(sequence, operation);
  }
}

function schemaOf(plan: EnginePlan, indexingThresholdBytes: number): ShardSchema {
  return {
    vectors: [
      {
        kind: 'dense',
        name: '',
        dimension: plan.dimension,
        distance: 'Cosine',
        datatype: 'float32',
        m: plan.m,
        efConstruct: plan.efConstruct,
        walk: 'codes',
      },
    ],
    indexingThresholdBytes,
    fullScanThresholdBytes: 10_000 * 1024,
  };
}

/** An operation of kind 9 (docs/internals/storage.md, "Operations") with no clock tag and no parameters. */
function fieldIndexOperation(path: string, type: number): Uint8Array {
  const header = Buffer.alloc(2 + 20 + 2);
  header.writeUInt8(1, 0);
  header.writeUInt8(9, 1);
  header.writeUInt16LE(path.length, 22);
  const parameters = Buffer.from('{}');
  const tail = Buffer.alloc(5);
  tail.writeUInt8(type, 0);
  tail.writeUInt32LE(parameters.length, 1);
  return Buffer.concat([header, Buffer.from(path), tail, parameters]);
}

function programOf(filter: CaseFilter): Uint8Array | null {
  const must: Filter['must'] =
    filter.kind === 'bucket'
      ? [{ kind: 'range', key: 'bucket', bounds: { lt: BigInt(filter.below) } }]
      : [{ kind: 'match', key: 'category', match: { type: 'keyword', values: filter.any } }];
  return compileFilter({ must, should: [], mustNot: [] });
}

/** What reading and writing the points left behind in JavaScript's heap is not the engine's. */
async function residentBytesWithoutGarbage(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error('run this with --expose-gc');
  globalThis.gc();
  return residentBytes('self');
}

interface TimedQuery {
  readonly vector: Float32Array;
  readonly filter: Uint8Array | null;
  readonly nearest: ReadonlySet<number>;
}

/** Searches for every query once, `inFlight` at a time, and gives the searches per second. */
async function timeSearches(
  engine: EngineUnderTest,
  ef: number,
  queries: readonly TimedQuery[],
  inFlight: number,
): Promise<number> {
  let next = 0;
  const loop = async (): Promise<void> => {
    for (let query = queries[next++]; query !== undefined; query = queries[next++]) {
      idsOfBatch(await engine.search(query.vector, ef, query.filter));
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: inFlight }, loop));
  return (queries.length * 1000) / (performance.now() - start);
}

async function curveOf(
  engine: EngineUnderTest,
  plan: EnginePlan,
  efforts: readonly number[],
  queries: readonly TimedQuery[],
  inFlight = 1,
): Promise<CurvePoint[]> {
  const points: CurvePoint[] = [];
  for (const ef of efforts) {
    let recall = 0;
    for (const { vector, filter, nearest } of queries) {
      const found = idsOfBatch(await engine.search(vector, ef, filter));
      recall += found.filter((row) => nearest.has(row)).length / nearest.size;
    }
    const rates: number[] = [];
    for (let round = 0; round < plan.rounds; round++) rates.push(await timeSearches(engine, ef, queries, inFlight));
    points.push({ ef, recall: recall / queries.length, searchesPerSecond: median(rates) });
  }
  return points;
}

async function measure(planFile: string, folder: string): Promise<EngineMeasurement> {
  const plan = await readPlan(planFile);
  const truth = await readTruth(planFile, plan);
  const vectors = await readMatrix(plan.vectorsFile);
  const queries = await readMatrix(plan.queriesFile);
  const categories = await readCategories(planFile);
  const engine = await EngineUnderTest.open(plan, folder);
  const before = await residentBytesWithoutGarbage();

  const start = performance.now();
  await engine.load(vectors, categories);
  const loaded = performance.now();
  await engine.build();
  const built = performance.now();

  const plain = Array.from({ length: plan.queries }, (_, query) => ({
    vector: rowOf(queries, query).slice(),
    filter: null,
    nearest: new Set(truth.rows.subarray(query * truth.width, query * truth.width + plan.limit)),
  }));
  const curve = await curveOf(engine, plan, plan.efforts, plain);
  const busyCurve = await curveOf(engine, plan, plan.efforts, plain, searchesInFlight);
  const memoryBytes = (await residentBytesWithoutGarbage()) - before;
  const filtered: FilteredMeasurement[] = [];
  for (const { name, queries: entries } of plan.cases) {
    if (entries.length === 0) continue;
    const timed = entries.map((entry) => ({
      vector: rowOf(queries, entry.query).slice(),
      filter: programOf(entry.filter),
      nearest: new Set(entry.nearest),
    }));
    filtered.push({ name, points: await curveOf(engine, plan, plan.filteredEfforts, timed) });
  }
  return {
    engine: 'this',
    rows: plan.rows,
    loadSeconds: (loaded - start) / 1000,
    buildSeconds: (built - loaded) / 1000,
    memoryBytes,
    curves: [{ mode: 'int8 walk, float32 rescoring', points: curve }],
    busyCurve,
    filtered,
  };
}

const folder = await mkdtemp(join(tmpdir(), 'bench-engine-'));
try {
  console.log(JSON.stringify(await measure(process.argv[2] ?? '', folder)));
} finally {
  await rm(folder, { recursive: true, force: true });
}
// The shard and its log are left open on purpose: closing writes a checkpoint, which is not what is measured.
process.exit(0);
