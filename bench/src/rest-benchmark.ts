import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeProcess } from '../../examples/src/node-process.js';
import { RestClient } from '../../examples/src/rest-client.js';
import { collectionName as collection, waitUntilIndexed } from '../../examples/src/wordnet-collection.js';
import { runForJson } from './child-program.js';
import { graphParameters } from './engine-measurement.js';
import { readEventLoopDelay, type EventLoopDelay } from './event-loop-delay.js';
import type { SearchLoad, Target, UploadLoad } from './load.js';
import { loadGeneratorFile, type LoadJob } from './load-job.js';
import { readPlan } from './engine-plan.js';
import { residentBytes } from './process-memory.js';

export interface RestOptions {
  readonly plan: string;
  /** Folder of the data set. */
  readonly source: string;
  /** The compiled entry of the node. */
  readonly entry: string;
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly searchSeconds: number;
}

export interface RestMeasurement {
  readonly points: number;
  readonly upload: UploadLoad;
  readonly eventLoopDuringUpload: EventLoopDelay | null;
  /** From the first upsert until every point is in the graph. */
  readonly indexedSeconds: number;
  readonly ef: number;
  readonly searches: readonly { readonly connections: number; readonly load: SearchLoad }[];
  readonly residentBytes: number;
  readonly restartSeconds: number;
}

const host = '127.0.0.1';
const recallAimed = 0.99;
const uploadBatch = 100;
const uploadConnections = 4;
const searchesPerSecondDuringUpload = 50;

/** The node as a process, its client as another, both on this machine: upload, searches, memory, restart. */
export async function benchmarkRest(options: RestOptions): Promise<RestMeasurement> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-node-'));
  let node = startNode(options, folder);
  try {
    await node.ready(60_000);
    const client = new RestClient(node.url);
    const target = { host, port: options.httpPort, collection };
    const { rows: points } = await readPlan(options.plan);
    await client.call('PUT', `/collections/${collection}`, {
      vectors: { size: 384, distance: 'Cosine' },
      hnsw_config: { m: graphParameters.m, ef_construct: graphParameters.efConstruct },
    });
    const uploadEf = 128;
    // A look at the metrics starts the measurement of the event loop anew.
    await client.text('/metrics');
    const started = performance.now();
    const upload = await generate<UploadLoad>({
      kind: 'upload',
      plan: options.plan,
      source: options.source,
      target,
      batch: uploadBatch,
      connections: uploadConnections,
      searchesPerSecond: searchesPerSecondDuringUpload,
      ef: uploadEf,
    });
    const eventLoopDuringUpload = readEventLoopDelay(await client.text('/metrics'));
    // The generator's own preparation is not part of the time to fully indexed.
    const preparation = (performance.now() - started) / 1000 - upload.seconds;
    await waitUntilIndexed(client, points, 600_000);
    const indexedSeconds = (performance.now() - started) / 1000 - preparation;

    const ef = await leastEffort(options, target);
    const searches = [];
    for (const connections of [1, 32]) {
      const durationMs = options.searchSeconds * 1000;
      searches.push({
        connections,
        load: await generate<SearchLoad>({ kind: 'search', plan: options.plan, target, ef, connections, durationMs }),
      });
    }
    const memory = await residentBytes(node.pid);
    await node.stop();
    const stopped = performance.now();
    node = startNode(options, folder);
    await node.ready(120_000);
    await answersAgain(client, points);
    const restartSeconds = (performance.now() - stopped) / 1000;
    return {
      points,
      upload,
      eventLoopDuringUpload,
      indexedSeconds,
      ef,
      searches,
      residentBytes: memory,
      restartSeconds,
    };
  } finally {
    await node.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function startNode(options: RestOptions, folder: string): NodeProcess {
  return NodeProcess.start({
    entry: options.entry,
    directory: folder,
    host,
    httpPort: options.httpPort,
    grpcPort: options.grpcPort,
    settings: { QDRANT__LOG_LEVEL: 'WARN' },
    logFile: join(folder, 'node.log'),
  });
}

async function generate<Result>(job: LoadJob): Promise<Result> {
  return runForJson<Result>(process.execPath, [loadGeneratorFile, JSON.stringify(job)]);
}

/** The least effort whose recall is the one aimed at, found with short runs on one connection. */
async function leastEffort(options: RestOptions, target: Target): Promise<number> {
  const efforts = [48, 64, 80, 96, 112, 128, 160, 192, 256];
  for (const ef of efforts) {
    const load = await generate<SearchLoad>({
      kind: 'search',
      plan: options.plan,
      target,
      ef,
      connections: 1,
      durationMs: 2_000,
    });
    if (load.recall >= recallAimed) return ef;
  }
  return efforts[efforts.length - 1]!;
}

async function answersAgain(client: RestClient, points: number): Promise<void> {
  const { count } = await client.call<{ count: number }>('POST', `/collections/${collection}/points/count`, {
    exact: true,
  });
  if (count !== points) throw new Error(`${count} of ${points} points are there after the restart`);
}
