export interface Neighbor {
  readonly row: number;
  readonly score: number;
}

/** Row-major vectors of one dimension. */
export interface Matrix {
  readonly values: Float32Array;
  readonly dimension: number;
}

export function rowsOf(matrix: Matrix): number {
  return matrix.values.length / matrix.dimension;
}

export function rowOf(matrix: Matrix, row: number): Float32Array {
  return matrix.values.subarray(row * matrix.dimension, (row + 1) * matrix.dimension);
}

/**
 * The `limit` rows with the largest cosine similarity, best first, ties by row. Sums are kept in double precision and in
 * order of the components, so that every machine finds the same.
 */
export function nearestByCosine(matrix: Matrix, query: Float32Array, limit: number): Neighbor[] {
  if (query.length !== matrix.dimension) throw new RangeError('the query has another dimension than the rows');
  const queryNorm = norm(query);
  const best: Neighbor[] = [];
  for (let row = 0; row < rowsOf(matrix); row++) {
    const vector = rowOf(matrix, row);
    const scale = queryNorm * norm(vector);
    const score = scale === 0 ? 0 : dot(query, vector) / scale;
    if (best.length < limit || score > best[best.length - 1]!.score) insert(best, { row, score }, limit);
  }
  return best;
}

function insert(best: Neighbor[], candidate: Neighbor, limit: number): void {
  let position = best.length;
  while (position > 0 && best[position - 1]!.score < candidate.score) position--;
  best.splice(position, 0, candidate);
  if (best.length > limit) best.pop();
}

function dot(left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < left.length; index++) sum += left[index]! * right[index]!;
  return sum;
}

function norm(vector: Float32Array): number {
  return Math.sqrt(dot(vector, vector));
}
