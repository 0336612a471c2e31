/** `qdrant.CreateCollection`. */
import type { Distance as EngineDistance } from '../../../engine/addon.js';
import type { DenseVectorParams, SparseVectorParams } from '../../../metadata/collection-config.js';
import type { CreateCollection as ServiceRequest } from '../../../service/collections-service.js';
import {
  Distance,
  MultiVectorComparator,
  ShardingMethod,
  type CreateCollection,
  type MultiVectorConfig,
  type SparseVectorConfig,
  type VectorParams,
  type VectorsConfig,
} from '../generated/collections.js';
import { datatype, hnswDiff, modifier, optimizersDiff, refuseStrictMode, walDiff } from './config-diff.js';
import { count, defined, missing, notServed, optionalCount, refuse, unknownVariant } from './field-values.js';

/** `metadata` is the text of that field's JSON object, cut from the message. */
export function createCollection(message: CreateCollection, metadata: string | undefined): ServiceRequest {
  refuse({ quantization_config: message.quantizationConfig });
  refuseStrictMode(message.strictModeConfig);
  checkShardingMethod(message.shardingMethod);
  return {
    vectors: denseVectors(message.vectorsConfig),
    sparseVectors: sparseVectors(message.sparseVectorsConfig),
    ...defined({
      shardNumber: optionalCount(message.shardNumber, 'shard_number', { min: 1 }),
      replicationFactor: optionalCount(message.replicationFactor, 'replication_factor', { min: 1 }),
      writeConsistencyFactor: optionalCount(message.writeConsistencyFactor, 'write_consistency_factor', { min: 1 }),
      onDiskPayload: message.onDiskPayload,
      hnsw: hnswDiff(message.hnswConfig, 'hnsw_config'),
      optimizers: optimizersDiff(message.optimizersConfig),
      wal: walDiff(message.walConfig),
      metadata,
    }),
  };
}

function checkShardingMethod(method: ShardingMethod | undefined): void {
  switch (method) {
    case undefined:
    case ShardingMethod.Auto:
      return;
    case ShardingMethod.Custom:
      throw notServed('sharding_method Custom');
    case ShardingMethod.UNRECOGNIZED:
    default:
      throw unknownVariant('sharding_method', method);
  }
}

function denseVectors(message: VectorsConfig | undefined): DenseVectorParams[] {
  if (message === undefined) return [];
  const { config } = message;
  if (config === undefined) throw missing('vectors_config');
  switch (config.$case) {
    case 'params':
      return [denseVector('', config.value, 'vectors_config.params')];
    case 'paramsMap':
      return Array.from(config.value.map, ([name, params]) =>
        denseVector(name, params, `vectors_config.params_map[${JSON.stringify(name)}]`),
      );
  }
}

function denseVector(name: string, message: VectorParams, field: string): DenseVectorParams {
  refuse({ [`${field}.quantization_config`]: message.quantizationConfig });
  return {
    name,
    size: count(message.size, `${field}.size`, { min: 1, max: 65_536 }),
    distance: distance(message.distance, `${field}.distance`),
    datatype: datatype(message.datatype, `${field}.datatype`),
    onDisk: message.onDisk ?? null,
    hnsw: hnswDiff(message.hnswConfig, `${field}.hnsw_config`) ?? null,
    multivector: multivector(message.multivectorConfig, `${field}.multivector_config`),
  };
}

function distance(value: Distance, field: string): EngineDistance {
  switch (value) {
    case Distance.Cosine:
      return 'Cosine';
    case Distance.Euclid:
      return 'Euclid';
    case Distance.Dot:
      return 'Dot';
    case Distance.Manhattan:
      return 'Manhattan';
    case Distance.UnknownDistance:
      throw missing(field);
    case Distance.UNRECOGNIZED:
    default:
      throw unknownVariant(field, value);
  }
}

function multivector(message: MultiVectorConfig | undefined, field: string): DenseVectorParams['multivector'] {
  switch (message?.comparator) {
    case undefined:
      return null;
    case MultiVectorComparator.MaxSim:
      return { comparator: 'max_sim' };
    case MultiVectorComparator.UNRECOGNIZED:
    default:
      throw unknownVariant(`${field}.comparator`, message?.comparator ?? -1);
  }
}

export function sparseVectors(message: SparseVectorConfig | undefined): SparseVectorParams[] {
  return Array.from(message?.map ?? [], ([name, { index, modifier: scoring }]) => {
    const field = `sparse_vectors_config[${JSON.stringify(name)}]`;
    return {
      name,
      onDisk: index?.onDisk ?? null,
      fullScanThreshold: optionalCount(index?.fullScanThreshold, `${field}.index.full_scan_threshold`) ?? null,
      datatype: datatype(index?.datatype, `${field}.index.datatype`),
      modifier: modifier(scoring, `${field}.modifier`),
    };
  });
}
