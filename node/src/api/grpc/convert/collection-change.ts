/** `qdrant.UpdateCollection`. */
import type { CollectionChange, DenseVectorChange, SparseVectorChange } from '../../../metadata/collection-change.js';
import type {
  CollectionParamsDiff,
  UpdateCollection,
  VectorParamsDiff,
  VectorsConfigDiff,
} from '../generated/collections.js';
import { hnswDiff, optimizersDiff, refuseStrictMode } from './config-diff.js';
import { sparseVectors } from './create-collection.js';
import { defined, missing, optionalCount, refuse } from './field-values.js';

/** `metadata` is the text of that field's JSON object, cut from the message. */
export function collectionChange(message: UpdateCollection, metadata: string | undefined): CollectionChange {
  refuse({ quantization_config: message.quantizationConfig });
  refuseStrictMode(message.strictModeConfig);
  return defined({
    vectors: vectorChanges(message.vectorsConfig),
    sparseVectors:
      message.sparseVectorsConfig === undefined
        ? undefined
        : sparseVectors(message.sparseVectorsConfig).map(sparseVectorChange),
    hnsw: hnswDiff(message.hnswConfig, 'hnsw_config'),
    optimizers: optimizersDiff(message.optimizersConfig),
    params: paramsChange(message.params),
    metadata,
  });
}

function vectorChanges(message: VectorsConfigDiff | undefined): DenseVectorChange[] | undefined {
  if (message === undefined) return undefined;
  const { config } = message;
  if (config === undefined) throw missing('vectors_config');
  switch (config.$case) {
    case 'params':
      return [vectorChange('', config.value, 'vectors_config.params')];
    case 'paramsMap':
      return Array.from(config.value.map, ([name, params]) =>
        vectorChange(name, params, `vectors_config.params_map[${JSON.stringify(name)}]`),
      );
  }
}

function vectorChange(name: string, message: VectorParamsDiff, field: string): DenseVectorChange {
  refuse({ [`${field}.quantization_config`]: message.quantizationConfig });
  return { name, ...defined({ hnsw: hnswDiff(message.hnswConfig, `${field}.hnsw_config`), onDisk: message.onDisk }) };
}

function sparseVectorChange({
  name,
  onDisk,
  fullScanThreshold,
  modifier,
}: ReturnType<typeof sparseVectors>[number]): SparseVectorChange {
  return {
    name,
    ...defined({
      onDisk: onDisk ?? undefined,
      fullScanThreshold: fullScanThreshold ?? undefined,
      modifier: modifier ?? undefined,
    }),
  };
}

function paramsChange(message: CollectionParamsDiff | undefined): CollectionChange['params'] {
  if (message === undefined) return undefined;
  return defined({
    replicationFactor: optionalCount(message.replicationFactor, 'params.replication_factor', { min: 1 }),
    writeConsistencyFactor: optionalCount(message.writeConsistencyFactor, 'params.write_consistency_factor', {
      min: 1,
    }),
    readFanOutFactor: optionalCount(message.readFanOutFactor, 'params.read_fan_out_factor'),
    readFanOutDelayMs: optionalCount(message.readFanOutDelayMs, 'params.read_fan_out_delay_ms'),
    onDiskPayload: message.onDiskPayload,
  });
}
