import { rowOf, rowsOf, type Matrix } from '../../examples/src/exact-search.js';
import { seededRandom, shuffle } from './random.js';

/** A filter of the benchmark, in a form that every engine can express. */
export type CaseFilter =
  { readonly kind: 'bucket'; readonly below: number } | { readonly kind: 'category'; readonly any: readonly string[] };

export interface CaseQuery {
  readonly query: number;
  readonly filter: CaseFilter;
  /** The exact nearest rows that match, best first; fewer than the limit when fewer match. */
  readonly nearest: readonly number[];
}

export interface FilterCase {
  readonly name: string;
  readonly queries: readonly CaseQuery[];
}

export interface CaseInput {
  readonly vectors: Matrix;
  readonly queries: Matrix;
  /** Category of each row, and of each query. */
  readonly rowCategories: readonly string[];
  readonly queryCategories: readonly string[];
}

export const bucketCount = 100;

/** The bucket of a row: a uniform number below 100 that has nothing to do with its vector. */
export function bucketsOf(rows: number): Uint8Array {
  const random = seededRandom(7);
  return Uint8Array.from({ length: rows }, () => Math.floor(random() * bucketCount));
}

/**
 * Filters that let about 1, 10 and 50 % of the rows pass: rows at random; categories with the one of the query among them
 * (the matches lie near the query); categories without it (the matches lie elsewhere).
 */
export function planFilterCases(input: CaseInput, queriesPerCase: number, limit: number): FilterCase[] {
  const buckets = bucketsOf(rowsOf(input.vectors));
  const shares = categoryShares(input.rowCategories);
  const random = seededRandom(11);
  const cases: FilterCase[] = [];
  for (const percent of [1, 10, 50]) {
    for (const relation of ['random', 'correlated', 'anti-correlated'] as const) {
      const queries: CaseQuery[] = [];
      for (let query = 0; query < rowsOf(input.queries) && queries.length < queriesPerCase; query++) {
        const filter =
          relation === 'random'
            ? ({ kind: 'bucket', below: percent } as const)
            : categoryFilter(shares, input.queryCategories[query]!, percent / 100, relation, random);
        if (filter === null) continue;
        const matches = matcher(filter, buckets, input.rowCategories);
        queries.push({
          query,
          filter,
          nearest: nearestMatching(input.vectors, rowOf(input.queries, query), matches, limit),
        });
      }
      cases.push({ name: `${relation} ${percent} %`, queries });
    }
  }
  return cases;
}

function categoryShares(rowCategories: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const category of rowCategories) counts.set(category, (counts.get(category) ?? 0) + 1);
  return new Map([...counts].map(([category, count]) => [category, count / rowCategories.length]));
}

/** Categories that hold about `share` of the rows, or null when the query's own is too large for that. */
function categoryFilter(
  shares: ReadonlyMap<string, number>,
  own: string,
  share: number,
  relation: 'correlated' | 'anti-correlated',
  random: () => number,
): CaseFilter | null {
  const most = 1.5 * share;
  const any = relation === 'correlated' ? [own] : [];
  let sum = relation === 'correlated' ? (shares.get(own) ?? 1) : 0;
  if (sum > most) return null;
  for (const category of shuffle([...shares.keys()], random)) {
    if (sum >= share) break;
    if (category === own || sum + shares.get(category)! > most) continue;
    any.push(category);
    sum += shares.get(category)!;
  }
  return any.length === 0 ? null : { kind: 'category', any };
}

function matcher(filter: CaseFilter, buckets: Uint8Array, categories: readonly string[]): (row: number) => boolean {
  if (filter.kind === 'bucket') return (row) => buckets[row]! < filter.below;
  const any = new Set(filter.any);
  return (row) => any.has(categories[row]!);
}

/** Rows by their cosine to the query, whose length does not change the order. */
function nearestMatching(
  vectors: Matrix,
  query: Float32Array,
  matches: (row: number) => boolean,
  limit: number,
): number[] {
  const scored: { row: number; score: number }[] = [];
  for (let row = 0; row < rowsOf(vectors); row++) {
    if (!matches(row)) continue;
    const vector = rowOf(vectors, row);
    let score = 0;
    let squared = 0;
    for (let index = 0; index < vector.length; index++) {
      score += query[index]! * vector[index]!;
      squared += vector[index]! * vector[index]!;
    }
    scored.push({ row, score: score / Math.sqrt(squared) });
  }
  scored.sort((left, right) => right.score - left.score || left.row - right.row);
  return scored.slice(0, limit).map(({ row }) => row);
}
