/** What a collection's configuration, and changes of it, look like when they come from a disk or another peer. */
import { z } from 'zod';
import type { CollectionChange } from './collection-change.js';
import type { CollectionConfig, FieldIndexSchema } from './collection-config.js';

const count = z.int().min(0);
const datatype = z.enum(['float32', 'float16', 'uint8']);
const modifier = z.enum(['none', 'idf']);

const hnsw = z.strictObject({
  m: count,
  efConstruct: count,
  fullScanThresholdKb: count,
  maxIndexingThreads: count,
  onDisk: z.boolean().nullable(),
  payloadM: count.nullable(),
});

const optimizers = z.strictObject({
  deletedThreshold: z.number(),
  vacuumMinVectorNumber: count,
  defaultSegmentNumber: count,
  maxSegmentSizeKb: count.nullable(),
  memmapThresholdKb: count.nullable(),
  indexingThresholdKb: count.nullable(),
  flushIntervalSec: count,
  maxOptimizationThreads: count.nullable(),
});

/** Some of the fields; zod's `partial` would let them be undefined, which is not the same as left out. */
const hnswDiff = z.strictObject({
  m: hnsw.shape.m.exactOptional(),
  efConstruct: hnsw.shape.efConstruct.exactOptional(),
  fullScanThresholdKb: hnsw.shape.fullScanThresholdKb.exactOptional(),
  maxIndexingThreads: hnsw.shape.maxIndexingThreads.exactOptional(),
  onDisk: hnsw.shape.onDisk.exactOptional(),
  payloadM: hnsw.shape.payloadM.exactOptional(),
});

const optimizersDiff = z.strictObject({
  deletedThreshold: optimizers.shape.deletedThreshold.exactOptional(),
  vacuumMinVectorNumber: optimizers.shape.vacuumMinVectorNumber.exactOptional(),
  defaultSegmentNumber: optimizers.shape.defaultSegmentNumber.exactOptional(),
  maxSegmentSizeKb: optimizers.shape.maxSegmentSizeKb.exactOptional(),
  memmapThresholdKb: optimizers.shape.memmapThresholdKb.exactOptional(),
  indexingThresholdKb: optimizers.shape.indexingThresholdKb.exactOptional(),
  flushIntervalSec: optimizers.shape.flushIntervalSec.exactOptional(),
  maxOptimizationThreads: optimizers.shape.maxOptimizationThreads.exactOptional(),
});

const denseVector = z.strictObject({
  name: z.string(),
  size: z.int().min(1),
  distance: z.enum(['Cosine', 'Dot', 'Euclid', 'Manhattan']),
  datatype: datatype.nullable(),
  onDisk: z.boolean().nullable(),
  hnsw: hnswDiff.nullable(),
  multivector: z.strictObject({ comparator: z.literal('max_sim') }).nullable(),
});

const sparseVector = z.strictObject({
  name: z.string(),
  onDisk: z.boolean().nullable(),
  fullScanThreshold: count.nullable(),
  datatype: datatype.nullable(),
  modifier: modifier.nullable(),
});

export const collectionConfigSchema: z.ZodType<CollectionConfig> = z.strictObject({
  params: z.strictObject({
    vectors: z.array(denseVector),
    sparseVectors: z.array(sparseVector),
    shardNumber: z.int().min(1),
    replicationFactor: z.int().min(1),
    writeConsistencyFactor: z.int().min(1),
    readFanOutFactor: count.nullable(),
    readFanOutDelayMs: count.nullable(),
    onDiskPayload: z.boolean(),
  }),
  hnsw,
  optimizers,
  wal: z.strictObject({ walCapacityMb: count, walSegmentsAhead: count, walRetainClosed: count }),
  metadata: z.string().nullable(),
});

export const collectionChangeSchema: z.ZodType<CollectionChange> = z.strictObject({
  vectors: z
    .array(
      z.strictObject({
        name: z.string(),
        hnsw: hnswDiff.exactOptional(),
        onDisk: z.boolean().exactOptional(),
      }),
    )
    .exactOptional(),
  sparseVectors: z
    .array(
      z.strictObject({
        name: z.string(),
        onDisk: z.boolean().exactOptional(),
        fullScanThreshold: count.exactOptional(),
        modifier: modifier.exactOptional(),
      }),
    )
    .exactOptional(),
  hnsw: hnswDiff.exactOptional(),
  optimizers: optimizersDiff.exactOptional(),
  params: z
    .strictObject({
      replicationFactor: z.int().min(1).exactOptional(),
      writeConsistencyFactor: z.int().min(1).exactOptional(),
      readFanOutFactor: count.exactOptional(),
      readFanOutDelayMs: count.exactOptional(),
      onDiskPayload: z.boolean().exactOptional(),
    })
    .exactOptional(),
  metadata: z.string().exactOptional(),
});

export const fieldIndexSchema: z.ZodType<FieldIndexSchema> = z.strictObject({
  path: z.string(),
  type: z.enum(['keyword', 'integer', 'float', 'bool', 'uuid']),
  params: z
    .strictObject({
      isTenant: z.boolean().exactOptional(),
      isPrincipal: z.boolean().exactOptional(),
      onDisk: z.boolean().exactOptional(),
      lookup: z.boolean().exactOptional(),
      range: z.boolean().exactOptional(),
      enableHnsw: z.boolean().exactOptional(),
    })
    .nullable(),
});
