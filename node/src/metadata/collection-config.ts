/**
 * The configuration of a collection: what metadata stores and what both APIs echo. Vectors are lists
 * with names in them, not objects keyed by name, because names are user data.
 */
import type { Datatype, Distance, FieldType } from '../engine/addon.js';

export interface HnswConfig {
  readonly m: number;
  readonly efConstruct: number;
  readonly fullScanThresholdKb: number;
  readonly maxIndexingThreads: number;
  readonly onDisk: boolean | null;
  readonly payloadM: number | null;
}

export interface OptimizersConfig {
  readonly deletedThreshold: number;
  readonly vacuumMinVectorNumber: number;
  readonly defaultSegmentNumber: number;
  readonly maxSegmentSizeKb: number | null;
  readonly memmapThresholdKb: number | null;
  readonly indexingThresholdKb: number | null;
  readonly flushIntervalSec: number;
  readonly maxOptimizationThreads: number | null;
}

export interface WalConfig {
  readonly walCapacityMb: number;
  readonly walSegmentsAhead: number;
  readonly walRetainClosed: number;
}

/** Only the fields that were given; the others keep what they were (or the default, at creation). */
export type Diff<T> = { readonly [K in keyof T]?: T[K] };

export interface DenseVectorParams {
  /** '' is the default vector. */
  readonly name: string;
  readonly size: number;
  readonly distance: Distance;
  /** null: not given, stored as float32. */
  readonly datatype: Datatype | null;
  /** Stored and echoed: rows are always memory-mapped files, the page cache decides what stays resident. */
  readonly onDisk: boolean | null;
  readonly hnsw: Diff<HnswConfig> | null;
  readonly multivector: { readonly comparator: 'max_sim' } | null;
}

export interface SparseVectorParams {
  readonly name: string;
  readonly onDisk: boolean | null;
  readonly fullScanThreshold: number | null;
  readonly datatype: Datatype | null;
  readonly modifier: 'none' | 'idf' | null;
}

export interface CollectionParams {
  readonly vectors: readonly DenseVectorParams[];
  readonly sparseVectors: readonly SparseVectorParams[];
  readonly shardNumber: number;
  readonly replicationFactor: number;
  readonly writeConsistencyFactor: number;
  readonly readFanOutFactor: number | null;
  readonly readFanOutDelayMs: number | null;
  /** Stored and echoed: payloads are always in RocksDB. */
  readonly onDiskPayload: boolean;
}

export interface CollectionConfig {
  readonly params: CollectionParams;
  readonly hnsw: HnswConfig;
  readonly optimizers: OptimizersConfig;
  readonly wal: WalConfig;
  /** A JSON object of the user's, as minified text, or null. */
  readonly metadata: string | null;
}

/** Parameters of a payload index. Stored and echoed as given; the engine's indexes have one form. */
export interface FieldIndexParams {
  readonly isTenant?: boolean;
  readonly isPrincipal?: boolean;
  readonly onDisk?: boolean;
  readonly lookup?: boolean;
  readonly range?: boolean;
  readonly enableHnsw?: boolean;
}

export interface FieldIndexSchema {
  readonly path: string;
  readonly type: FieldType;
  /** null: only the type was given. */
  readonly params: FieldIndexParams | null;
}
