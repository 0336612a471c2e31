import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { rowsOf } from '../../examples/src/exact-search.js';
import { readQueryCategories, readSynsets, type Dataset } from './dataset.js';
import type { Truth } from './recall.js';
import { filteredEfforts, graphParameters, limit, searchEfforts } from './engine-measurement.js';
import { bucketsOf, planFilterCases, type FilterCase } from './filter-cases.js';

/** What every engine is asked, written once so that all get the same: plan.json with truth.i32, buckets.u8 and categories.json. */
export interface EnginePlan {
  readonly rows: number;
  readonly dimension: number;
  readonly queries: number;
  readonly limit: number;
  readonly m: number;
  readonly efConstruct: number;
  readonly efforts: readonly number[];
  readonly filteredEfforts: readonly number[];
  /** Times that the searches of one effort are timed; the median counts. */
  readonly rounds: number;
  readonly truthWidth: number;
  readonly vectorsFile: string;
  readonly queriesFile: string;
  readonly cases: readonly FilterCase[];
}

const queriesPerCase = 100;

export async function writePlan(dataset: Dataset, source: string, folder: string, rounds: number): Promise<string> {
  const rows = rowsOf(dataset.vectors);
  const categories = (await readSynsets(source)).slice(0, rows).map((synset) => synset.category);
  const plan: EnginePlan = {
    rows,
    dimension: dataset.vectors.dimension,
    queries: rowsOf(dataset.queries),
    limit,
    ...graphParameters,
    efforts: searchEfforts,
    filteredEfforts,
    rounds,
    truthWidth: dataset.truth.width,
    vectorsFile: join(source, 'vectors.f16'),
    queriesFile: join(source, 'queries.f16'),
    cases: planFilterCases(
      {
        vectors: dataset.vectors,
        queries: dataset.queries,
        rowCategories: categories,
        queryCategories: await readQueryCategories(source),
      },
      queriesPerCase,
      limit,
    ),
  };
  const file = join(folder, 'plan.json');
  await writeFile(join(folder, 'truth.i32'), dataset.truth.rows.subarray(0, plan.queries * plan.truthWidth));
  await writeFile(join(folder, 'buckets.u8'), bucketsOf(rows));
  await writeFile(join(folder, 'categories.json'), JSON.stringify(categories));
  await writeFile(file, JSON.stringify(plan));
  return file;
}

export async function readPlan(file: string): Promise<EnginePlan> {
  return JSON.parse(await readFile(file, 'utf8')) as EnginePlan;
}

export async function readTruth(planFile: string, plan: EnginePlan): Promise<Truth> {
  const bytes = await readFile(join(dirname(planFile), 'truth.i32'));
  const rows = new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  return { rows, width: plan.truthWidth };
}

/** The category of each row. */
export async function readCategories(planFile: string): Promise<string[]> {
  return JSON.parse(await readFile(join(dirname(planFile), 'categories.json'), 'utf8')) as string[];
}
