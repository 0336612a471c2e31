/** One setting of the search effort and what it gave. */
export interface CurvePoint {
  readonly ef: number;
  readonly recall: number;
  readonly searchesPerSecond: number;
}

/**
 * Searches per second at `recall`, between the two measured efforts around it: linear in recall against the logarithm of the
 * rate. Null when no effort reached it. Where the least effort is above it already, that one's rate: the curve is not
 * continued past what was measured.
 */
export function rateAtRecall(curve: readonly CurvePoint[], recall: number): number | null {
  const points = [...curve].sort((left, right) => left.ef - right.ef);
  let below: CurvePoint | null = null;
  for (const point of points) {
    if (point.recall < recall) {
      below = point;
      continue;
    }
    if (below === null) return point.searchesPerSecond;
    const share = (recall - below.recall) / (point.recall - below.recall);
    return Math.exp(Math.log(below.searchesPerSecond) * (1 - share) + Math.log(point.searchesPerSecond) * share);
  }
  return null;
}

/** The best rate of several curves at one recall. */
export function bestRateAtRecall(curves: readonly (readonly CurvePoint[])[], recall: number): number | null {
  const rates = curves.map((curve) => rateAtRecall(curve, recall)).filter((rate) => rate !== null);
  return rates.length === 0 ? null : Math.max(...rates);
}
