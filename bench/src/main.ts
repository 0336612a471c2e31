import { mkdir, writeFile } from 'node:fs/promises';
import { arch, cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { rowsOf } from '../../examples/src/exact-search.js';
import { wordnetDirectory } from '../../examples/src/wordnet-set.js';
import { benchmarkCluster, clusterReport } from './cluster-benchmark.js';
import { readDataset } from './dataset.js';
import {
  benchmarkEngines,
  curveTable,
  engineTable,
  filteredTable,
  searchColumns,
  searchRate,
} from './engine-benchmark.js';
import type { EngineMeasurement } from './engine-measurement.js';
import { writePlan } from './engine-plan.js';
import { benchmarkRest } from './rest-benchmark.js';
import { restReport } from './rest-report.js';

const usage = `Usage: make bench BENCH_FLAGS="..."
  --rows N       first N rows of the data set instead of all
  --queries N    first N of its 1,000 queries
  --rounds N     times each effort is timed; the median counts (3)
  --seconds N    length of each REST search run (10)
  --only WHAT    'engine', 'rest' or 'cluster'
  --failures N   how often nodes of the cluster are killed (20)
WORDNET_DIR names the folder of the full WordNet data set.`;

interface Options {
  readonly rows: number | null;
  readonly queries: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly only: 'engine' | 'rest' | 'cluster' | null;
  readonly failures: number;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string' },
      queries: { type: 'string', default: '1000' },
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string', default: '10' },
      only: { type: 'string' },
      failures: { type: 'string', default: '20' },
    },
  });
  const { only } = values;
  if (only !== undefined && only !== 'engine' && only !== 'rest' && only !== 'cluster')
    throw new Error(`--only takes engine, rest or cluster, not ${only}`);
  return {
    rows: values.rows === undefined ? null : positive('rows', values.rows),
    queries: positive('queries', values.queries),
    rounds: positive('rounds', values.rounds),
    seconds: positive('seconds', values.seconds),
    only: only ?? null,
    failures: positive('failures', values.failures),
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} takes a positive whole number, not ${text}`);
  return value;
}

async function main(repository: string): Promise<number> {
  const source = wordnetDirectory();
  if (source === null) {
    console.error(`The benchmarks need the full data set, and WORDNET_DIR is not set.\n\n${usage}`);
    return 1;
  }
  const options = readOptions();
  const folder = join(repository, 'build', 'bench');
  await mkdir(folder, { recursive: true });
  const dataset = await readDataset(source, options.rows, options.queries);
  const plan = await writePlan(dataset, source, folder, options.rounds);
  const rows = rowsOf(dataset.vectors);
  const { model } = cpus()[0] ?? { model: 'unknown processor' };
  const machine = `${cpus().length} x ${model} (${arch()}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}`;
  console.log(`WordNet, ${rows} x 384, cosine, m 16, ef_construct 100, k 10, ${options.queries} queries\n${machine}\n`);

  let engines: EngineMeasurement[] = [];
  const wants = (part: Options['only']): boolean => options.only === null || options.only === part;
  if (wants('engine')) {
    engines = await benchmarkEngines(plan, join(repository, 'bench', 'python', 'measure.py'));
    const tables = [[...engineTable(engines), searchColumns], curveTable(engines), filteredTable(engines)];
    console.log(`\n${tables.map((table) => table.join('\n')).join('\n\n')}\n`);
  }
  if (wants('rest')) {
    const rest = await benchmarkRest({
      plan,
      source,
      entry: join(repository, 'node', 'dist', 'main.js'),
      httpPort: 16_333,
      grpcPort: 16_334,
      searchSeconds: options.seconds,
    });
    const edge = engines.find((engine) => engine.engine === 'edge');
    console.log(restReport(rest, edge === undefined ? null : searchRate(edge)).join('\n'));
    await writeFile(join(folder, 'rest.json'), JSON.stringify(rest, null, 2));
  }
  if (wants('cluster')) {
    const cluster = await benchmarkCluster({
      plan,
      source,
      entry: join(repository, 'node', 'dist', 'main.js'),
      firstPort: 16_433,
      failures: options.failures,
    });
    console.log(clusterReport(cluster).join('\n'));
    await writeFile(join(folder, 'cluster.json'), JSON.stringify(cluster, null, 2));
  }
  if (engines.length > 0) await writeFile(join(folder, 'engines.json'), JSON.stringify(engines, null, 2));
  return 0;
}

process.exitCode = await main(process.cwd());
