/** A change of a collection's configuration: what may be changed, and what the configuration is after it. */
import type {
  CollectionConfig,
  DenseVectorParams,
  Diff,
  HnswConfig,
  OptimizersConfig,
  SparseVectorParams,
} from './collection-config.js';

/** Changes of one dense vector's parameters; a vector of that name must exist. */
export interface DenseVectorChange {
  readonly name: string;
  readonly hnsw?: Diff<HnswConfig>;
  readonly onDisk?: boolean;
}

/** Changes of one sparse vector's parameters; a vector of that name must exist. */
export interface SparseVectorChange {
  readonly name: string;
  readonly onDisk?: boolean;
  readonly fullScanThreshold?: number;
  readonly modifier?: 'none' | 'idf';
}

export interface CollectionChange {
  readonly vectors?: readonly DenseVectorChange[];
  readonly sparseVectors?: readonly SparseVectorChange[];
  readonly hnsw?: Diff<HnswConfig>;
  readonly optimizers?: Diff<OptimizersConfig>;
  readonly params?: {
    readonly replicationFactor?: number;
    readonly writeConsistencyFactor?: number;
    readonly readFanOutFactor?: number;
    readonly readFanOutDelayMs?: number;
    readonly onDiskPayload?: boolean;
  };
  /**
   * The user's metadata after the change, as the text of a JSON object. Whoever proposes the change
   * merges it, because only the JSON of the engine keeps every number as it was written.
   */
  readonly metadata?: string;
}

/** A vector of the change that the configuration lacks, or null. */
export function unknownVector(config: CollectionConfig, change: CollectionChange): string | null {
  const dense = change.vectors?.find(({ name }) => !config.params.vectors.some((vector) => vector.name === name));
  if (dense !== undefined) return dense.name;
  const sparse = change.sparseVectors?.find(
    ({ name }) => !config.params.sparseVectors.some((vector) => vector.name === name),
  );
  return sparse?.name ?? null;
}

function changedDense(vector: DenseVectorParams, change: DenseVectorChange | undefined): DenseVectorParams {
  if (change === undefined) return vector;
  return {
    ...vector,
    onDisk: change.onDisk ?? vector.onDisk,
    hnsw: change.hnsw === undefined ? vector.hnsw : { ...vector.hnsw, ...change.hnsw },
  };
}

function changedSparse(vector: SparseVectorParams, change: SparseVectorChange | undefined): SparseVectorParams {
  if (change === undefined) return vector;
  return {
    ...vector,
    onDisk: change.onDisk ?? vector.onDisk,
    fullScanThreshold: change.fullScanThreshold ?? vector.fullScanThreshold,
    modifier: change.modifier ?? vector.modifier,
  };
}

export function changedConfig(config: CollectionConfig, change: CollectionChange): CollectionConfig {
  return {
    ...config,
    params: {
      ...config.params,
      ...change.params,
      vectors: config.params.vectors.map((vector) =>
        changedDense(
          vector,
          change.vectors?.find(({ name }) => name === vector.name),
        ),
      ),
      sparseVectors: config.params.sparseVectors.map((vector) =>
        changedSparse(
          vector,
          change.sparseVectors?.find(({ name }) => name === vector.name),
        ),
      ),
    },
    hnsw: { ...config.hnsw, ...change.hnsw },
    optimizers: { ...config.optimizers, ...change.optimizers },
    metadata: change.metadata ?? config.metadata,
  };
}
