import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeFloat16 } from './float16.js';
import type { Matrix } from './exact-search.js';
import { wordnetDimension, type Question } from './wordnet-set.js';

/** What a point of the WordNet sets carries beside its vector. */
export interface Synset {
  readonly synset: string;
  readonly pos: string;
  readonly category: string;
  readonly words: readonly string[];
  readonly relations: number;
  readonly gloss: string;
}

export interface ExamplePoint {
  readonly id: number;
  readonly payload: Synset;
}

export interface AnsweredQuestion extends Question {
  /** The exact nearest of the sample, best first. */
  readonly nearest: readonly { readonly id: number; readonly score: number }[];
}

export interface ExampleData {
  /** Point i has row i of the vectors. */
  readonly points: readonly ExamplePoint[];
  readonly vectors: Matrix;
  readonly questions: readonly AnsweredQuestion[];
}

/** Reads examples/wordnet, the sample that the repository ships. */
export async function readExampleData(directory: string): Promise<ExampleData> {
  const [bytes, points, questions] = await Promise.all([
    readFile(join(directory, 'vectors.f16')),
    readJsonLines<ExamplePoint>(join(directory, 'points.jsonl')),
    readJsonLines<AnsweredQuestion>(join(directory, 'questions.jsonl')),
  ]);
  return { points, questions, vectors: { values: decodeFloat16(bytes), dimension: wordnetDimension } };
}

async function readJsonLines<Line>(file: string): Promise<Line[]> {
  const text = await readFile(file, 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}
