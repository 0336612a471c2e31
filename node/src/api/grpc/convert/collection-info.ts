/** The state and the whole configuration of a collection, as `qdrant.CollectionInfo`. */
import type { Datatype as EngineDatatype, Distance as EngineDistance } from '../../../engine/addon.js';
import type {
  CollectionConfig as StoredConfig,
  CollectionParams as StoredParams,
  DenseVectorParams,
  Diff,
  HnswConfig,
  OptimizersConfig,
  SparseVectorParams,
  WalConfig,
} from '../../../metadata/collection-config.js';
import type { CollectionInfo as ServiceInfo } from '../../../service/collections-service.js';
import {
  CollectionStatus,
  Datatype,
  Distance,
  MaxOptimizationThreads_Setting,
  Modifier,
  MultiVectorComparator,
  type CollectionConfig,
  type CollectionInfo,
  type CollectionParams,
  type HnswConfigDiff,
  type OptimizersConfigDiff,
  type SparseVectorParams as SparseVectorMessage,
  type VectorParams,
  type VectorsConfig,
  type WalConfigDiff,
} from '../generated/collections.js';
import { payloadSchemaInfo } from './field-index.js';
import type { Value } from '../generated/json_with_int.js';
import { jsonObjectMessage } from './json-value.js';

export function collectionInfo(info: ServiceInfo): CollectionInfo {
  return {
    status: status(info.status),
    optimizerStatus: { ok: info.optimizerError === null, error: info.optimizerError ?? '' },
    segmentsCount: BigInt(info.segmentsCount),
    config: config(info.config),
    payloadSchema: new Map(info.payloadSchema.map((index) => [index.path, payloadSchemaInfo(index)])),
    pointsCount: BigInt(info.pointsCount),
    indexedVectorsCount: BigInt(info.indexedVectorsCount),
    warnings: [],
    updateQueue: undefined,
  };
}

function status(value: ServiceInfo['status']): CollectionStatus {
  switch (value) {
    case 'green':
      return CollectionStatus.Green;
    case 'yellow':
      return CollectionStatus.Yellow;
    case 'grey':
      return CollectionStatus.Grey;
    case 'red':
      return CollectionStatus.Red;
  }
}

function config(stored: StoredConfig): CollectionConfig {
  return {
    params: params(stored.params),
    hnswConfig: { ...hnswConfig(stored.hnsw), onDisk: stored.hnsw.onDisk ?? false },
    optimizerConfig: optimizersConfig(stored.optimizers),
    walConfig: walConfig(stored.wal),
    quantizationConfig: undefined,
    strictModeConfig: undefined,
    metadata: stored.metadata === null ? new Map<string, Value>() : jsonObjectMessage(stored.metadata),
  };
}

function params(stored: StoredParams): CollectionParams {
  return {
    shardNumber: stored.shardNumber,
    onDiskPayload: stored.onDiskPayload,
    vectorsConfig: vectorsConfig(stored.vectors),
    replicationFactor: stored.replicationFactor,
    writeConsistencyFactor: stored.writeConsistencyFactor,
    readFanOutFactor: stored.readFanOutFactor ?? undefined,
    shardingMethod: undefined,
    sparseVectorsConfig:
      stored.sparseVectors.length === 0
        ? undefined
        : { map: new Map(stored.sparseVectors.map((vector) => [vector.name, sparseVector(vector)])) },
    readFanOutDelayMs: optionalBigInt(stored.readFanOutDelayMs),
  };
}

function vectorsConfig(vectors: readonly DenseVectorParams[]): VectorsConfig {
  const [first] = vectors;
  if (vectors.length === 1 && first?.name === '') {
    return { config: { $case: 'params', value: denseVector(first) } };
  }
  const map = new Map(vectors.map((vector) => [vector.name, denseVector(vector)]));
  return { config: { $case: 'paramsMap', value: { map } } };
}

function denseVector(vector: DenseVectorParams): VectorParams {
  return {
    size: BigInt(vector.size),
    distance: distance(vector.distance),
    hnswConfig: vector.hnsw === null ? undefined : hnswConfig(vector.hnsw),
    quantizationConfig: undefined,
    onDisk: vector.onDisk ?? undefined,
    datatype: optionalDatatype(vector.datatype),
    multivectorConfig: vector.multivector === null ? undefined : { comparator: MultiVectorComparator.MaxSim },
  };
}

function sparseVector({ onDisk, fullScanThreshold, datatype, modifier }: SparseVectorParams): SparseVectorMessage {
  return {
    index: {
      fullScanThreshold: optionalBigInt(fullScanThreshold),
      onDisk: onDisk ?? undefined,
      datatype: optionalDatatype(datatype),
    },
    modifier: modifier === null ? undefined : modifierMessage(modifier),
  };
}

function modifierMessage(modifier: 'none' | 'idf'): Modifier {
  switch (modifier) {
    case 'none':
      return Modifier.None;
    case 'idf':
      return Modifier.Idf;
  }
}

function distance(value: EngineDistance): Distance {
  switch (value) {
    case 'Cosine':
      return Distance.Cosine;
    case 'Dot':
      return Distance.Dot;
    case 'Euclid':
      return Distance.Euclid;
    case 'Manhattan':
      return Distance.Manhattan;
  }
}

function optionalDatatype(value: EngineDatatype | null): Datatype | undefined {
  switch (value) {
    case null:
      return undefined;
    case 'float32':
      return Datatype.Float32;
    case 'float16':
      return Datatype.Float16;
    case 'uint8':
      return Datatype.Uint8;
  }
}

function hnswConfig(hnsw: Diff<HnswConfig>): HnswConfigDiff {
  return {
    m: optionalBigInt(hnsw.m),
    efConstruct: optionalBigInt(hnsw.efConstruct),
    fullScanThreshold: optionalBigInt(hnsw.fullScanThresholdKb),
    maxIndexingThreads: optionalBigInt(hnsw.maxIndexingThreads),
    onDisk: hnsw.onDisk ?? undefined,
    payloadM: optionalBigInt(hnsw.payloadM),
    inlineStorage: undefined,
  };
}

function optimizersConfig(optimizers: OptimizersConfig): OptimizersConfigDiff {
  const threads = optimizers.maxOptimizationThreads;
  return {
    deletedThreshold: optimizers.deletedThreshold,
    vacuumMinVectorNumber: BigInt(optimizers.vacuumMinVectorNumber),
    defaultSegmentNumber: BigInt(optimizers.defaultSegmentNumber),
    maxSegmentSize: optionalBigInt(optimizers.maxSegmentSizeKb),
    memmapThreshold: optionalBigInt(optimizers.memmapThresholdKb),
    indexingThreshold: optionalBigInt(optimizers.indexingThresholdKb),
    flushIntervalSec: BigInt(optimizers.flushIntervalSec),
    deprecatedMaxOptimizationThreads: optionalBigInt(threads),
    maxOptimizationThreads: {
      variant:
        threads === null
          ? { $case: 'setting', value: MaxOptimizationThreads_Setting.Auto }
          : { $case: 'value', value: BigInt(threads) },
    },
    preventUnoptimized: undefined,
  };
}

function walConfig(wal: WalConfig): WalConfigDiff {
  return {
    walCapacityMb: BigInt(wal.walCapacityMb),
    walSegmentsAhead: BigInt(wal.walSegmentsAhead),
    walRetainClosed: BigInt(wal.walRetainClosed),
  };
}

function optionalBigInt(value: number | null | undefined): bigint | undefined {
  return value === null || value === undefined ? undefined : BigInt(value);
}
