/** The configuration of a new collection: what was asked for, over the defaults of the node's settings. */
import type { CollectionConfig, DenseVectorParams } from '../metadata/collection-config.js';
import type { CreateCollection } from './collections-service.js';
import type { Settings } from '../settings/settings.js';

/**
 * What `request.metadata` says must have been validated and minified before. `peers` is how many nodes there
 * are to spread the collection over.
 */
export function newCollectionConfig(request: CreateCollection, settings: Settings, peers = 1): CollectionConfig {
  const { storage } = settings;
  const { optimizers, hnsw_index: hnsw, wal, collection } = storage;
  const vectors = request.vectors.map((vector): DenseVectorParams => ({
    ...vector,
    onDisk: vector.onDisk ?? collection.vectors.on_disk,
  }));
  const shardNumber = collection.shard_number ?? peers * (collection.shard_number_per_node ?? 1);
  const replicationFactor = request.replicationFactor ?? collection.replication_factor;
  return {
    params: {
      vectors,
      sparseVectors: request.sparseVectors,
      shardNumber: request.shardNumber ?? shardNumber,
      replicationFactor,
      writeConsistencyFactor: request.writeConsistencyFactor ?? collection.write_consistency_factor,
      readFanOutFactor: null,
      readFanOutDelayMs: null,
      onDiskPayload: request.onDiskPayload ?? storage.on_disk_payload,
    },
    hnsw: {
      m: hnsw.m,
      efConstruct: hnsw.ef_construct,
      fullScanThresholdKb: hnsw.full_scan_threshold_kb,
      maxIndexingThreads: hnsw.max_indexing_threads,
      onDisk: hnsw.on_disk,
      payloadM: hnsw.payload_m,
      ...request.hnsw,
    },
    optimizers: {
      deletedThreshold: optimizers.deleted_threshold,
      vacuumMinVectorNumber: optimizers.vacuum_min_vector_number,
      defaultSegmentNumber: optimizers.default_segment_number,
      maxSegmentSizeKb: optimizers.max_segment_size_kb,
      memmapThresholdKb: optimizers.memmap_threshold_kb,
      indexingThresholdKb: optimizers.indexing_threshold_kb,
      flushIntervalSec: optimizers.flush_interval_sec,
      maxOptimizationThreads: optimizers.max_optimization_threads,
      ...request.optimizers,
    },
    wal: {
      walCapacityMb: wal.wal_capacity_mb,
      walSegmentsAhead: wal.wal_segments_ahead,
      walRetainClosed: wal.wal_retain_closed,
      ...request.wal,
    },
    metadata: request.metadata ?? null,
  };
}
