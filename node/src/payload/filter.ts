/**
 * Filters as both APIs mean them: what REST's JSON and gRPC's messages decode to, and what
 * `compileFilter` turns into a program for the engine.
 */

/** An unsigned 64-bit integer, or a UUID in canonical lower-case form with hyphens. */
export type PointId = bigint | string;

/** A JSON number without loss: integers are `bigint`, what was written with a fraction or exponent is `number`. */
export type ExactNumber = bigint | number;

export interface NumberBounds {
  readonly lt?: ExactNumber;
  readonly lte?: ExactNumber;
  readonly gt?: ExactNumber;
  readonly gte?: ExactNumber;
}

/** One value type per condition: a list that mixes types is refused when it is decoded. */
export type MatchValues =
  | { readonly type: 'keyword'; readonly values: readonly string[] }
  | { readonly type: 'integer'; readonly values: readonly bigint[] }
  | { readonly type: 'bool'; readonly value: boolean };

export type Condition =
  /** `match.value` and `match.any`: some value at the key is among these. */
  | { readonly kind: 'match'; readonly key: string; readonly match: MatchValues }
  /** `match.except`: some value at the key is not among these. */
  | { readonly kind: 'match-except'; readonly key: string; readonly match: Exclude<MatchValues, { type: 'bool' }> }
  | { readonly kind: 'range'; readonly key: string; readonly bounds: NumberBounds }
  | { readonly kind: 'has-id'; readonly ids: readonly PointId[] }
  | { readonly kind: 'is-empty'; readonly key: string }
  | { readonly kind: 'is-null'; readonly key: string }
  | { readonly kind: 'values-count'; readonly key: string; readonly bounds: NumberBounds }
  | { readonly kind: 'nested'; readonly key: string; readonly filter: Filter }
  | { readonly kind: 'has-vector'; readonly name: string }
  | { readonly kind: 'filter'; readonly filter: Filter };

export interface Filter {
  readonly must: readonly Condition[];
  /** Empty: no constraint (not "matches nothing"). */
  readonly should: readonly Condition[];
  readonly mustNot: readonly Condition[];
  readonly minShould?: { readonly conditions: readonly Condition[]; readonly minCount: number };
}
