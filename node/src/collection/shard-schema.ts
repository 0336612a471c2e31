/** What a collection's configuration means to the engine. */
import type { ShardSchema, VectorSchema, VectorShape } from '../engine/addon.js';
import type { CollectionConfig, DenseVectorParams, HnswConfig } from '../metadata/collection-config.js';

/** The graph parameters of one vector: its own over those of the collection. */
export function hnswOf(config: CollectionConfig, vector: DenseVectorParams): HnswConfig {
  return { ...config.hnsw, ...vector.hnsw };
}

/** Larger than any shard: "never build a graph". Within what the engine keeps as an unsigned 64-bit integer. */
const never = Number.MAX_SAFE_INTEGER;

function indexingThresholdBytes(config: CollectionConfig): number {
  const kilobytes = config.optimizers.indexingThresholdKb;
  // 0 switches indexing off in the original's API, and so does a missing threshold.
  return kilobytes === null || kilobytes === 0 ? never : Math.min(kilobytes * 1024, never);
}

export function shardSchema(config: CollectionConfig): ShardSchema {
  const dense = config.params.vectors.map((vector): VectorSchema => {
    const hnsw = hnswOf(config, vector);
    return {
      kind: vector.multivector === null ? 'dense' : 'multi',
      name: vector.name,
      dimension: vector.size,
      distance: vector.distance,
      datatype: vector.datatype ?? 'float32',
      m: hnsw.m,
      efConstruct: hnsw.efConstruct,
      walk: 'codes',
    };
  });
  const sparse = config.params.sparseVectors.map(({ name }): VectorSchema => ({ kind: 'sparse', name }));
  return {
    vectors: [...dense, ...sparse],
    indexingThresholdBytes: indexingThresholdBytes(config),
    fullScanThresholdBytes: Math.min(config.hnsw.fullScanThresholdKb * 1024, never),
  };
}

export function vectorShapes(config: CollectionConfig): readonly VectorShape[] {
  return shardSchema(config).vectors.map((vector) => ({
    name: vector.name,
    kind: vector.kind,
    dimension: vector.kind === 'sparse' ? 0 : vector.dimension,
  }));
}
