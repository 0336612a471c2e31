import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { decodeFloat16 } from './float16.js';
import type { Matrix } from './exact-search.js';

export const wordnetDimension = 384;

/** A question in plain words with its embedding. */
export interface Question {
  readonly text: string;
  readonly vector: readonly number[];
}

/** The folder of the full data set, or null when the environment does not name one. */
export function wordnetDirectory(): string | null {
  const directory = process.env['WORDNET_DIR'];
  return directory === undefined || directory === '' ? null : directory;
}

/** Vectors of the full set as they are stored: 384 little-endian halves a row. */
export async function readVectorBytes(directory: string): Promise<Buffer> {
  return readFile(join(directory, 'vectors.f16'));
}

export async function readMatrix(file: string): Promise<Matrix> {
  return { values: decodeFloat16(await readFile(file)), dimension: wordnetDimension };
}

/** One JSON object a line; line i belongs to row i. */
export async function readPayloadLines(directory: string): Promise<string[]> {
  const text = (await promisify(gunzip)(await readFile(join(directory, 'payloads.jsonl.gz')))).toString('utf8');
  return text.trimEnd().split('\n');
}

export async function readQuestions(directory: string): Promise<Question[]> {
  return JSON.parse(await readFile(join(directory, 'questions.json'), 'utf8')) as Question[];
}
