/**
 * Use cases on collections. REST and gRPC decode into these types, call, and encode what comes back.
 * Every method throws `ServiceError`.
 */
import type { CollectionChange } from '../metadata/collection-change.js';
import type {
  CollectionConfig,
  DenseVectorParams,
  Diff,
  FieldIndexSchema,
  HnswConfig,
  OptimizersConfig,
  SparseVectorParams,
  WalConfig,
} from '../metadata/collection-config.js';
import type { Access } from './access.js';

/** Fields that are not given take the defaults of the node's settings. */
export interface CreateCollection {
  readonly vectors: readonly DenseVectorParams[];
  readonly sparseVectors: readonly SparseVectorParams[];
  readonly shardNumber?: number;
  readonly replicationFactor?: number;
  readonly writeConsistencyFactor?: number;
  readonly onDiskPayload?: boolean;
  readonly hnsw?: Diff<HnswConfig>;
  readonly optimizers?: Diff<OptimizersConfig>;
  readonly wal?: Diff<WalConfig>;
  /** A JSON object as text, not yet validated. */
  readonly metadata?: string;
}

export interface CollectionInfo {
  readonly status: 'green' | 'yellow' | 'grey' | 'red';
  /** null: ok; otherwise what went wrong. */
  readonly optimizerError: string | null;
  readonly pointsCount: number;
  readonly indexedVectorsCount: number;
  readonly segmentsCount: number;
  readonly config: CollectionConfig;
  readonly payloadSchema: readonly (FieldIndexSchema & { readonly points: number })[];
}

/** `timeoutMs` is how long a change may take to be agreed on and made so; null: 10 seconds. */
export interface CollectionsService {
  /** true once the collection exists; all its replicas take part by then, unless that takes longer than the timeout. */
  create(access: Access, name: string, request: CreateCollection, timeoutMs: number | null): Promise<boolean>;
  /** false when there was no such collection. */
  update(access: Access, name: string, change: CollectionChange, timeoutMs: number | null): Promise<boolean>;
  /** false when there was no such collection, as the original answers. */
  delete(access: Access, name: string, timeoutMs: number | null): Promise<boolean>;
  list(access: Access): readonly string[];
  exists(access: Access, name: string): boolean;
  /** Throws when there is no such collection, or it is not served. */
  check(access: Access, name: string): void;
  /** Of all shards, wherever they are. */
  info(access: Access, name: string): Promise<CollectionInfo>;
}
