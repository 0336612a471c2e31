/** A collection of small vectors, of which only the counts matter here. */
import type { CollectionConfig } from '../../../../node/src/metadata/collection-config.js';

export function collectionConfig(shards: number, factor: number): CollectionConfig {
  return {
    params: {
      vectors: [{ name: '', size: 4, distance: 'Euclid', datatype: null, onDisk: null, hnsw: null, multivector: null }],
      sparseVectors: [],
      shardNumber: shards,
      replicationFactor: factor,
      writeConsistencyFactor: 1,
      readFanOutFactor: null,
      readFanOutDelayMs: null,
      onDiskPayload: true,
    },
    hnsw: {
      m: 16,
      efConstruct: 100,
      fullScanThresholdKb: 10_000,
      maxIndexingThreads: 0,
      onDisk: null,
      payloadM: null,
    },
    optimizers: {
      deletedThreshold: 0.2,
      vacuumMinVectorNumber: 1000,
      defaultSegmentNumber: 0,
      maxSegmentSizeKb: null,
      memmapThresholdKb: null,
      indexingThresholdKb: null,
      flushIntervalSec: 5,
      maxOptimizationThreads: null,
    },
    wal: { walCapacityMb: 32, walSegmentsAhead: 0, walRetainClosed: 1 },
    metadata: null,
  };
}
