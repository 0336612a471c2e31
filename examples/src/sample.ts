import { nearestByCosine, rowsOf, type Matrix } from './exact-search.js';

export const sampleRows = 2_600;
export const neighborsPerQuestion = 50;
export const answersPerQuestion = 10;

/**
 * Which rows of the full set the example holds: the exact nearest of each question, so that the answers are the ones that
 * the full set would give, then rows in order until there are `rows` of them.
 */
export function chooseRows(
  full: Matrix,
  questions: readonly Float32Array[],
  neighbors: number,
  rows: number,
): number[] {
  const chosen = new Set<number>();
  for (const question of questions) {
    for (const neighbor of nearestByCosine(full, question, neighbors)) chosen.add(neighbor.row);
  }
  if (chosen.size > rows) throw new RangeError(`the neighbours alone are ${chosen.size} rows, more than ${rows}`);
  for (let row = 0; chosen.size < rows && row < rowsOf(full); row++) chosen.add(row);
  return [...chosen];
}
