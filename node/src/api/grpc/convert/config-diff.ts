/** The parts of a collection's configuration that creation and change share. */
import type { Datatype as EngineDatatype } from '../../../engine/addon.js';
import type { Diff, HnswConfig, OptimizersConfig, WalConfig } from '../../../metadata/collection-config.js';
import {
  Datatype,
  Modifier,
  type HnswConfigDiff,
  type OptimizersConfigDiff,
  type StrictModeConfig,
  type WalConfigDiff,
} from '../generated/collections.js';
import { defined, invalid, notServed, optionalCount, unknownVariant } from './field-values.js';

export function hnswDiff(message: HnswConfigDiff | undefined, field: string): Diff<HnswConfig> | undefined {
  if (message === undefined) return undefined;
  if (message.inlineStorage === true) throw notServed(`${field}.inline_storage`);
  return defined({
    // A graph node holds twice as many links as m; the bound keeps one request from asking for all memory.
    m: optionalCount(message.m, `${field}.m`, { max: 1024 }),
    efConstruct: optionalCount(message.efConstruct, `${field}.ef_construct`, { min: 4, max: 100_000 }),
    fullScanThresholdKb: optionalCount(message.fullScanThreshold, `${field}.full_scan_threshold`),
    maxIndexingThreads: optionalCount(message.maxIndexingThreads, `${field}.max_indexing_threads`),
    onDisk: message.onDisk,
    payloadM: optionalCount(message.payloadM, `${field}.payload_m`, { max: 1024 }),
  });
}

export function optimizersDiff(message: OptimizersConfigDiff | undefined): Diff<OptimizersConfig> | undefined {
  if (message === undefined) return undefined;
  const field = 'optimizers_config';
  if (message.preventUnoptimized === true) throw notServed(`${field}.prevent_unoptimized`);
  const { deletedThreshold } = message;
  if (deletedThreshold !== undefined && !(deletedThreshold >= 0 && deletedThreshold <= 1)) {
    throw invalid(`${field}.deleted_threshold`, `value ${deletedThreshold} invalid, must be from 0 to 1`);
  }
  return defined({
    deletedThreshold,
    vacuumMinVectorNumber: optionalCount(message.vacuumMinVectorNumber, `${field}.vacuum_min_vector_number`, {
      min: 100,
    }),
    defaultSegmentNumber: optionalCount(message.defaultSegmentNumber, `${field}.default_segment_number`),
    maxSegmentSizeKb: optionalCount(message.maxSegmentSize, `${field}.max_segment_size`, { min: 1 }),
    memmapThresholdKb: optionalCount(message.memmapThreshold, `${field}.memmap_threshold`),
    indexingThresholdKb: optionalCount(message.indexingThreshold, `${field}.indexing_threshold`),
    flushIntervalSec: optionalCount(message.flushIntervalSec, `${field}.flush_interval_sec`),
    maxOptimizationThreads: optimizationThreads(message),
  });
}

/** null: as many as the node finds good. */
function optimizationThreads(message: OptimizersConfigDiff): number | null | undefined {
  const field = 'optimizers_config.max_optimization_threads';
  const variant = message.maxOptimizationThreads?.variant;
  if (variant === undefined) return optionalCount(message.deprecatedMaxOptimizationThreads, field);
  switch (variant.$case) {
    case 'setting':
      return null;
    case 'value':
      return optionalCount(variant.value, field);
  }
}

export function walDiff(message: WalConfigDiff | undefined): Diff<WalConfig> | undefined {
  if (message === undefined) return undefined;
  return defined({
    walCapacityMb: optionalCount(message.walCapacityMb, 'wal_config.wal_capacity_mb', { min: 1, max: 4096 }),
    walSegmentsAhead: optionalCount(message.walSegmentsAhead, 'wal_config.wal_segments_ahead', { max: 64 }),
    walRetainClosed: optionalCount(message.walRetainClosed, 'wal_config.wal_retain_closed', { min: 1, max: 1024 }),
  });
}

/** null: the request leaves it to the default. */
export function datatype(value: Datatype | undefined, field: string): EngineDatatype | null {
  switch (value) {
    case undefined:
    case Datatype.Default:
      return null;
    case Datatype.Float32:
      return 'float32';
    case Datatype.Float16:
      return 'float16';
    case Datatype.Uint8:
      return 'uint8';
    case Datatype.UNRECOGNIZED:
    default:
      throw unknownVariant(field, value);
  }
}

export function modifier(value: Modifier | undefined, field: string): 'none' | 'idf' | null {
  switch (value) {
    case undefined:
      return null;
    case Modifier.None:
      return 'none';
    case Modifier.Idf:
      return 'idf';
    case Modifier.UNRECOGNIZED:
    default:
      throw unknownVariant(field, value);
  }
}

/** Limits that are off may be given: clients send back what they read. */
export function refuseStrictMode(message: StrictModeConfig | undefined): void {
  if (message?.enabled === true) throw notServed('strict_mode_config.enabled');
}
