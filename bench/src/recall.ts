/** Rows of exact neighbours, nearest first, `width` for each query. */
export interface Truth {
  readonly rows: Int32Array;
  readonly width: number;
}

export function neighborsOf(truth: Truth, query: number): Int32Array {
  return truth.rows.subarray(query * truth.width, (query + 1) * truth.width);
}

/** The share of the `limit` exact nearest that were found. */
export function recallOf(found: readonly number[], nearest: Int32Array, limit: number): number {
  const wanted = new Set(nearest.subarray(0, limit));
  let hits = 0;
  for (const row of found) if (wanted.delete(row)) hits++;
  return hits / Math.min(limit, nearest.length);
}

/**
 * Recall of a search that ran while rows were loaded in order. Rows below `visible` were acknowledged before the search was
 * sent; later ones may or may not be there, so found ones among them only take places away. `nearest` are the exact
 * neighbours in the whole set. Null when too few of them are loaded for the answer to be known.
 */
export function recallWhileLoading(
  found: readonly number[],
  nearest: Int32Array,
  limit: number,
  visible: number,
): number | null {
  const certain = found.filter((row) => row < visible);
  const places = limit - (found.length - certain.length);
  const expected = nearest.filter((row) => row < visible).subarray(0, places);
  if (expected.length < places) return null;
  if (places === 0) return 1;
  return recallOf(certain, expected, places);
}
