/**
 * Use cases on the points of a collection. REST and gRPC decode into these types, call, and encode
 * what comes back; points come back as point batches (docs/internals/engine.md) which the codec
 * writes as JSON or protobuf. Every method throws `ServiceError`.
 */
import type { FieldIndexSchema } from '../metadata/collection-config.js';
import type { VectorShape } from '../engine/addon.js';
import type { Filter, PointId } from '../payload/filter.js';
import type { PayloadSelector, VectorSelector } from '../payload/selectors.js';
import type { QueryPlan } from '../query/query-plan.js';
import type { ReadConsistency } from '../replica/read-plan.js';
import type { WriteOrdering } from '../replica/remote-replicas.js';
import type { Access } from './access.js';

export type { ReadConsistency, WriteOrdering };

export type PointsSelector =
  { readonly kind: 'ids'; readonly ids: readonly PointId[] } | { readonly kind: 'filter'; readonly filter: Filter };

/** An operation of kind 1 or 7 of docs/internals/storage.md, and how many points it names. */
export interface ParsedPoints {
  readonly operation: Buffer;
  readonly points: number;
}

/**
 * Turns the bytes of one API's request into an operation, once the shapes of the collection's vectors
 * are known. It is the API's part, around a call of the codec: it also checks the fields beside the points.
 */
export type PointsParser = (shapes: readonly VectorShape[]) => ParsedPoints | Promise<ParsedPoints>;

export type WriteOperation =
  | { readonly kind: 'upsert'; readonly parse: PointsParser }
  | { readonly kind: 'update-vectors'; readonly parse: PointsParser }
  | { readonly kind: 'delete-points'; readonly selector: PointsSelector }
  | { readonly kind: 'delete-vectors'; readonly selector: PointsSelector; readonly names: readonly string[] }
  /** `payload` is the text of a JSON object, not yet validated; `key` null merges at the root. */
  | {
      readonly kind: 'set-payload';
      readonly selector: PointsSelector;
      readonly payload: Uint8Array;
      readonly key: string | null;
    }
  | { readonly kind: 'overwrite-payload'; readonly selector: PointsSelector; readonly payload: Uint8Array }
  | { readonly kind: 'delete-payload'; readonly selector: PointsSelector; readonly keys: readonly string[] }
  | { readonly kind: 'clear-payload'; readonly selector: PointsSelector };

export interface WriteOptions {
  /** Answer after the change is applied, not only logged. Default of both APIs: false. */
  readonly wait: boolean;
  /** How strictly writes of several nodes are put in one order. Default of both APIs: weak. */
  readonly ordering: WriteOrdering;
  /** How long to wait for the change to be applied before answering `wait_timeout`; null: no limit. */
  readonly timeoutMs: number | null;
}

export interface ReadOptions {
  /** How many replicas of each shard must agree. Default of both APIs: 1. */
  readonly consistency: ReadConsistency;
  /** Reads with the same text prefer the same replica; null: any. */
  readonly routeAffinity: string | null;
  /** null: the limit of the settings, or none. Past it the answer is a `timeout` error. */
  readonly timeoutMs: number | null;
}

export interface UpdateResult {
  /** The sequence of the operation in its shard's log. */
  readonly operationId: number | null;
  readonly status: 'acknowledged' | 'completed' | 'wait_timeout';
}

export interface RetrieveRequest {
  readonly ids: readonly PointId[];
  readonly withPayload: PayloadSelector;
  readonly withVectors: VectorSelector;
}

export interface ScrollPointsRequest {
  readonly filter: Filter | null;
  /** The page starts at the first id at or after this one. */
  readonly offset: PointId | null;
  readonly limit: number;
  readonly withPayload: PayloadSelector;
  readonly withVectors: VectorSelector;
}

export interface ScrolledPoints {
  /** A point batch without scores. */
  readonly points: Buffer;
  readonly nextOffset: PointId | null;
}

export interface PointsService {
  update(access: Access, collection: string, operation: WriteOperation, options: WriteOptions): Promise<UpdateResult>;
  /** In order; stops at the first that fails. */
  updateBatch(
    access: Access,
    collection: string,
    operations: readonly WriteOperation[],
    options: WriteOptions,
  ): Promise<readonly UpdateResult[]>;
  createFieldIndex(
    access: Access,
    collection: string,
    index: FieldIndexSchema,
    options: WriteOptions,
  ): Promise<UpdateResult>;
  deleteFieldIndex(access: Access, collection: string, path: string, options: WriteOptions): Promise<UpdateResult>;
  /** A point batch without scores: the points that exist, in the order asked. */
  retrieve(access: Access, collection: string, request: RetrieveRequest, options: ReadOptions): Promise<Buffer>;
  scroll(
    access: Access,
    collection: string,
    request: ScrollPointsRequest,
    options: ReadOptions,
  ): Promise<ScrolledPoints>;
  count(
    access: Access,
    collection: string,
    request: { readonly filter: Filter | null; readonly exact: boolean },
    options: ReadOptions,
  ): Promise<number>;
  /** A point batch with scores, best first. */
  query(access: Access, collection: string, plan: QueryPlan, options: ReadOptions): Promise<Buffer>;
  queryBatch(
    access: Access,
    collection: string,
    plans: readonly QueryPlan[],
    options: ReadOptions,
  ): Promise<readonly Buffer[]>;
}
