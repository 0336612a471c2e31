/** Bodies of collection creation and change. */
import type { Datatype, Distance } from '../../../engine/addon.js';
import type { CollectionChange } from '../../../metadata/collection-change.js';
import type {
  DenseVectorParams,
  Diff,
  HnswConfig,
  OptimizersConfig,
  SparseVectorParams,
  WalConfig,
} from '../../../metadata/collection-config.js';
import type { CreateCollection } from '../../../service/collections-service.js';
import { asText, defined, Fields, formatError, isPlainObject, notServed, validationError } from './fields.js';

function oneOf<const T extends string>(choices: readonly T[]): (value: unknown, path: string) => T {
  return (value, path) => {
    const text = asText(value, path);
    const choice = choices.find((name) => name === text);
    if (choice === undefined)
      throw formatError(path, `unknown variant \`${text.slice(0, 40)}\`, expected one of ${choices.join(', ')}`);
    return choice;
  };
}

const distance = oneOf<Distance>(['Cosine', 'Euclid', 'Dot', 'Manhattan']);
const modifier = oneOf(['none', 'idf']);
const maxSim = oneOf(['max_sim']);

function datatype(value: unknown, path: string): Datatype {
  if (value === 'turbo4') throw notServed(`${path} turbo4`);
  return oneOf<Datatype>(['float32', 'float16', 'uint8'])(value, path);
}

function hnswDiff(value: unknown, path: string): Diff<HnswConfig> {
  const fields = Fields.of(value, path);
  fields.refuse('memory');
  if (fields.bool('inline_storage') === true) throw notServed(fields.at('inline_storage'));
  return defined({
    // A graph node holds twice as many links as m; the bound keeps one request from asking for all memory.
    m: fields.count('m', { min: 0, max: 1024 }),
    efConstruct: fields.count('ef_construct', { min: 4, max: 100_000 }),
    fullScanThresholdKb: fields.count('full_scan_threshold'),
    maxIndexingThreads: fields.count('max_indexing_threads'),
    onDisk: fields.bool('on_disk'),
    payloadM: fields.count('payload_m', { min: 0, max: 1024 }),
  });
}

function optimizersDiff(value: unknown, path: string): Diff<OptimizersConfig> {
  const fields = Fields.of(value, path);
  if (fields.bool('prevent_unoptimized') === true) throw notServed(fields.at('prevent_unoptimized'));
  const deletedThreshold = fields.float('deleted_threshold');
  if (deletedThreshold !== undefined && !(deletedThreshold >= 0 && deletedThreshold <= 1)) {
    throw validationError(fields.at('deleted_threshold'), `value ${deletedThreshold} invalid, must be from 0 to 1`);
  }
  const threads = fields.get('max_optimization_threads');
  return defined({
    deletedThreshold,
    vacuumMinVectorNumber: fields.count('vacuum_min_vector_number', { min: 100 }),
    defaultSegmentNumber: fields.count('default_segment_number'),
    maxSegmentSizeKb: fields.count('max_segment_size', { min: 1 }),
    memmapThresholdKb: fields.count('memmap_threshold'),
    indexingThresholdKb: fields.count('indexing_threshold'),
    flushIntervalSec: fields.count('flush_interval_sec'),
    maxOptimizationThreads: threads === 'auto' ? null : fields.count('max_optimization_threads'),
  });
}

function walDiff(value: unknown, path: string): Diff<WalConfig> {
  const fields = Fields.of(value, path);
  return defined({
    walCapacityMb: fields.count('wal_capacity_mb', { min: 1, max: 4096 }),
    walSegmentsAhead: fields.count('wal_segments_ahead', { min: 0, max: 64 }),
    walRetainClosed: fields.count('wal_retain_closed', { min: 1, max: 1024 }),
  });
}

function denseVector(name: string, value: unknown, path: string): DenseVectorParams {
  const fields = Fields.of(value, path);
  fields.refuse('quantization_config', 'memory');
  const size = fields.count('size', { min: 1, max: 65_536 });
  if (size === undefined) throw formatError(path, 'missing field `size`');
  const multivector = fields.object('multivector_config');
  if (multivector !== undefined) maxSim(multivector.required('comparator'), multivector.at('comparator'));
  return {
    name,
    size,
    distance: distance(fields.required('distance'), fields.at('distance')),
    datatype: fields.read('datatype', datatype) ?? null,
    onDisk: fields.bool('on_disk') ?? null,
    hnsw: fields.read('hnsw_config', hnswDiff) ?? null,
    multivector: multivector === undefined ? null : { comparator: 'max_sim' },
  };
}

/** One unnamed vector, or an object of named ones. A vector may be called "size": then its value is an object. */
function isSingleVector(value: unknown): boolean {
  if (!isPlainObject(value)) return false;
  return ['size', 'distance'].some((key) => Object.hasOwn(value, key) && !isPlainObject(Reflect.get(value, key)));
}

function denseVectors(value: unknown, path: string): readonly DenseVectorParams[] {
  if (isSingleVector(value)) return [denseVector('', value, path)];
  const fields = Fields.of(value, path);
  return fields.names().map((name) => denseVector(name, fields.required(name), fields.at(name)));
}

function sparseVectors(value: unknown, path: string): readonly SparseVectorParams[] {
  const fields = Fields.of(value, path);
  return fields.names().map((name): SparseVectorParams => {
    const vector = fields.object(name);
    const index = vector?.object('index');
    vector?.refuse('memory');
    index?.refuse('memory');
    return {
      name,
      onDisk: index?.bool('on_disk') ?? null,
      fullScanThreshold: index?.count('full_scan_threshold') ?? null,
      datatype: index?.read('datatype', datatype) ?? null,
      modifier: vector?.read('modifier', modifier) ?? null,
    };
  });
}

function refuseStrictMode(fields: Fields): void {
  const strict = fields.object('strict_mode_config');
  if (strict?.bool('enabled') === true) throw notServed(strict.at('enabled'));
}

/** `metadata` is the text of that field, cut from the body. */
export function decodeCreateCollection(value: unknown, metadata: string | undefined): CreateCollection {
  const fields = Fields.of(value);
  fields.refuse('quantization_config', 'init_from', 'payload', 'quantization');
  if (
    fields.has('sharding_method') &&
    oneOf(['auto', 'custom'])(fields.get('sharding_method'), 'sharding_method') === 'custom'
  ) {
    throw notServed('sharding_method custom');
  }
  refuseStrictMode(fields);
  return {
    vectors: fields.read('vectors', denseVectors) ?? [],
    sparseVectors: fields.read('sparse_vectors', sparseVectors) ?? [],
    ...defined({
      shardNumber: fields.count('shard_number', { min: 1 }),
      replicationFactor: fields.count('replication_factor', { min: 1 }),
      writeConsistencyFactor: fields.count('write_consistency_factor', { min: 1 }),
      onDiskPayload: fields.bool('on_disk_payload'),
      hnsw: fields.read('hnsw_config', hnswDiff),
      optimizers: fields.read('optimizers_config', optimizersDiff),
      wal: fields.read('wal_config', walDiff),
      metadata: fields.has('metadata') ? metadata : undefined,
    }),
  };
}

function vectorChanges(value: unknown, path: string): CollectionChange['vectors'] {
  const fields = Fields.of(value, path);
  return fields.names().map((name) => {
    const vector = Fields.of(fields.required(name), fields.at(name));
    vector.refuse('quantization_config', 'memory');
    return { name, ...defined({ hnsw: vector.read('hnsw_config', hnswDiff), onDisk: vector.bool('on_disk') }) };
  });
}

function sparseVectorChanges(value: unknown, path: string): CollectionChange['sparseVectors'] {
  return sparseVectors(value, path).map(({ name, ...vector }) => ({
    name,
    ...defined({
      onDisk: vector.onDisk ?? undefined,
      fullScanThreshold: vector.fullScanThreshold ?? undefined,
      modifier: vector.modifier ?? undefined,
    }),
  }));
}

export function decodeCollectionChange(value: unknown, metadata: string | undefined): CollectionChange {
  const fields = Fields.of(value);
  fields.refuse('quantization_config');
  refuseStrictMode(fields);
  const params = fields.object('params');
  params?.refuse('payload');
  return defined({
    vectors: fields.read('vectors', vectorChanges),
    sparseVectors: fields.read('sparse_vectors', sparseVectorChanges),
    hnsw: fields.read('hnsw_config', hnswDiff),
    optimizers: fields.read('optimizers_config', optimizersDiff) ?? fields.read('optimizer_config', optimizersDiff),
    params:
      params === undefined
        ? undefined
        : defined({
            replicationFactor: params.count('replication_factor', { min: 1 }),
            writeConsistencyFactor: params.count('write_consistency_factor', { min: 1 }),
            readFanOutFactor: params.count('read_fan_out_factor'),
            readFanOutDelayMs: params.count('read_fan_out_delay_ms'),
            onDiskPayload: params.bool('on_disk_payload'),
          }),
    metadata: fields.has('metadata') ? metadata : undefined,
  });
}
