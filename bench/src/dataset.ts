import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nearestByCosine, rowOf, rowsOf, type Matrix } from '../../examples/src/exact-search.js';
import type { Synset } from '../../examples/src/example-data.js';
import { readMatrix, readPayloadLines } from '../../examples/src/wordnet-set.js';
import type { Truth } from './recall.js';

const truthWidth = 100;

/** The WordNet set, or its first rows. */
export interface Dataset {
  readonly vectors: Matrix;
  readonly queries: Matrix;
  readonly truth: Truth;
}

/**
 * Reads vectors, queries and exact neighbours. With fewer rows than the whole, neighbours are computed here, for the first
 * `queryCount` queries only.
 */
export async function readDataset(directory: string, rowCount: number | null, queryCount: number): Promise<Dataset> {
  const whole = await readMatrix(join(directory, 'vectors.f16'));
  const queries = firstRows(await readMatrix(join(directory, 'queries.f16')), queryCount);
  if (rowCount === null || rowCount >= rowsOf(whole)) {
    const bytes = await readFile(join(directory, 'neighbors.i32'));
    const rows = new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    return { vectors: whole, queries, truth: { rows, width: truthWidth } };
  }
  const vectors = firstRows(whole, rowCount);
  return { vectors, queries, truth: exactNeighbors(vectors, queries, truthWidth) };
}

export async function readSynsets(directory: string): Promise<Synset[]> {
  return (await readPayloadLines(directory)).map((line) => JSON.parse(line) as Synset);
}

export async function readQueryCategories(directory: string): Promise<string[]> {
  const text = await readFile(join(directory, 'queries.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as Synset).category);
}

export function exactNeighbors(vectors: Matrix, queries: Matrix, width: number): Truth {
  const rows = new Int32Array(rowsOf(queries) * width);
  for (let query = 0; query < rowsOf(queries); query++) {
    const nearest = nearestByCosine(vectors, rowOf(queries, query), width);
    rows.set(
      nearest.map((neighbor) => neighbor.row),
      query * width,
    );
  }
  return { rows, width };
}

function firstRows(matrix: Matrix, count: number): Matrix {
  return { values: matrix.values.subarray(0, count * matrix.dimension), dimension: matrix.dimension };
}
