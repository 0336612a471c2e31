import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nearestByCosine, rowsOf, type Matrix } from './exact-search.js';
import { decodeFloat16 } from './float16.js';
import { answersPerQuestion, chooseRows, neighborsPerQuestion, sampleRows } from './sample.js';
import { readPayloadLines, readQuestions, readVectorBytes, wordnetDimension, wordnetDirectory } from './wordnet-set.js';

/** Writes examples/wordnet from the full data set. The same input gives the same bytes on every machine. */
async function makeSample(directory: string, target: string): Promise<void> {
  const bytes = await readVectorBytes(directory);
  const payloads = await readPayloadLines(directory);
  const questions = await readQuestions(directory);
  const full: Matrix = { values: decodeFloat16(bytes), dimension: wordnetDimension };
  const vectors = questions.map((question) => Float32Array.from(question.vector));
  const rows = chooseRows(full, vectors, neighborsPerQuestion, sampleRows);

  const rowBytes = 2 * wordnetDimension;
  const sampleBytes = Buffer.concat(rows.map((row) => bytes.subarray(row * rowBytes, (row + 1) * rowBytes)));
  const sample: Matrix = { values: decodeFloat16(sampleBytes), dimension: wordnetDimension };
  const answered = questions.map((question, index) => ({
    ...question,
    nearest: nearestByCosine(sample, vectors[index]!, answersPerQuestion).map(({ row, score }) => ({
      id: rows[row]!,
      score: Number(score.toFixed(6)),
    })),
  }));

  await mkdir(target, { recursive: true });
  await writeFile(join(target, 'vectors.f16'), sampleBytes);
  await writeFile(
    join(target, 'points.jsonl'),
    rows.map((row) => `{"id":${row},"payload":${payloads[row]!}}\n`).join(''),
  );
  await writeFile(
    join(target, 'questions.jsonl'),
    answered.map((question) => `${JSON.stringify(question)}\n`).join(''),
  );
  await writeFile(join(target, 'LICENSE'), await readFile(join(directory, 'LICENSE')));
  console.log(`Wrote ${rows.length} of ${rowsOf(full)} points to ${target}`);
}

const directory = wordnetDirectory();
if (directory === null) {
  console.error('WORDNET_DIR must name the folder of the full WordNet data set.');
  process.exitCode = 1;
} else {
  await makeSample(directory, join(process.cwd(), 'examples', 'wordnet'));
}
