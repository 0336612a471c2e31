/**
 * What a read by score means, once decoded: the same immutable nodes for REST and gRPC. Everything of
 * the universal query that is not a node here is refused when it is decoded.
 */
import type { Filter, PointId } from '../payload/filter.js';
import type { PayloadSelector, VectorSelector } from '../payload/selectors.js';

export type NearestTarget =
  | { readonly kind: 'vector'; readonly vector: Float32Array }
  /** The vector of this stored point; the point itself is left out of the answer. */
  | { readonly kind: 'point'; readonly id: PointId };

export type QueryNode =
  | {
      readonly kind: 'nearest';
      readonly target: NearestTarget;
      /** Name of the vector; '' is the default vector. */
      readonly using: string;
    }
  /** No query: points in id order, with score 1 as the original gives it. */
  | { readonly kind: 'by-id' };

export interface SearchParams {
  readonly hnswEf: number | null;
  readonly exact: boolean;
  readonly indexedOnly: boolean;
}

export interface QueryPlan {
  readonly node: QueryNode;
  readonly filter: Filter | null;
  readonly limit: number;
  readonly offset: number;
  readonly params: SearchParams;
  readonly scoreThreshold: number | null;
  readonly withPayload: PayloadSelector;
  readonly withVectors: VectorSelector;
}

/** What one request may ask for, whichever API it comes through. */
export const queryLimits = { hnswEfMax: 1_000_000, batchMax: 1000 } as const;

export const defaultSearchParams: SearchParams = { hnswEf: null, exact: false, indexedOnly: false };
