/** The body of `GET /collections/{name}`: the whole configuration as the original shows it. */
import type {
  FieldIndexSchema,
  DenseVectorParams,
  Diff,
  HnswConfig,
  SparseVectorParams,
} from '../../../metadata/collection-config.js';
import type { CollectionInfo } from '../../../service/collections-service.js';

type Json = string | number | boolean | null | readonly Json[] | JsonObject;

interface JsonObject {
  readonly [key: string]: Json;
}

/** Without the fields that are not there; names of vectors become own keys whatever they are. */
function present(entries: readonly (readonly [string, Json | undefined])[]): JsonObject {
  return Object.fromEntries(entries.filter((entry): entry is readonly [string, Json] => entry[1] !== undefined));
}

function hnswDiff(hnsw: Diff<HnswConfig>): Json {
  return present([
    ['m', hnsw.m],
    ['ef_construct', hnsw.efConstruct],
    ['full_scan_threshold', hnsw.fullScanThresholdKb],
    ['max_indexing_threads', hnsw.maxIndexingThreads],
    ['on_disk', hnsw.onDisk ?? undefined],
    ['payload_m', hnsw.payloadM ?? undefined],
  ]);
}

function denseVector(vector: DenseVectorParams): Json {
  return present([
    ['size', vector.size],
    ['distance', vector.distance],
    ['hnsw_config', vector.hnsw === null ? undefined : hnswDiff(vector.hnsw)],
    ['on_disk', vector.onDisk ?? undefined],
    ['datatype', vector.datatype ?? undefined],
    ['multivector_config', vector.multivector === null ? undefined : { comparator: vector.multivector.comparator }],
  ]);
}

function sparseVector(vector: SparseVectorParams): Json {
  const index = present([
    ['full_scan_threshold', vector.fullScanThreshold ?? undefined],
    ['on_disk', vector.onDisk ?? undefined],
    ['datatype', vector.datatype ?? undefined],
  ]);
  return present([
    ['index', Object.keys(index).length === 0 ? undefined : index],
    ['modifier', vector.modifier ?? undefined],
  ]);
}

function denseVectors(vectors: readonly DenseVectorParams[]): Json {
  const [first] = vectors;
  if (vectors.length === 1 && first?.name === '') return denseVector(first);
  return present(vectors.map((vector) => [vector.name, denseVector(vector)]));
}

function fieldIndex(index: FieldIndexSchema & { readonly points: number }): Json {
  const { params } = index;
  return present([
    ['data_type', index.type],
    [
      'params',
      params === null
        ? undefined
        : present([
            ['type', index.type],
            ['is_tenant', params.isTenant],
            ['is_principal', params.isPrincipal],
            ['lookup', params.lookup],
            ['range', params.range],
            ['on_disk', params.onDisk],
            ['enable_hnsw', params.enableHnsw],
          ]),
    ],
    ['points', index.points],
  ]);
}

/** JSON text: the user's metadata goes in as it is stored. */
export function collectionInfoJson(info: CollectionInfo): string {
  const { params, hnsw, optimizers, wal, metadata } = info.config;
  const config = JSON.stringify({
    params: present([
      ['vectors', denseVectors(params.vectors)],
      ['shard_number', params.shardNumber],
      ['replication_factor', params.replicationFactor],
      ['write_consistency_factor', params.writeConsistencyFactor],
      ['read_fan_out_factor', params.readFanOutFactor ?? undefined],
      ['read_fan_out_delay_ms', params.readFanOutDelayMs ?? undefined],
      ['on_disk_payload', params.onDiskPayload],
      [
        'sparse_vectors',
        params.sparseVectors.length === 0
          ? undefined
          : present(params.sparseVectors.map((vector) => [vector.name, sparseVector(vector)])),
      ],
    ]),
    hnsw_config: present([
      ['m', hnsw.m],
      ['ef_construct', hnsw.efConstruct],
      ['full_scan_threshold', hnsw.fullScanThresholdKb],
      ['max_indexing_threads', hnsw.maxIndexingThreads],
      ['on_disk', hnsw.onDisk ?? false],
      ['payload_m', hnsw.payloadM ?? undefined],
    ]),
    optimizer_config: {
      deleted_threshold: optimizers.deletedThreshold,
      vacuum_min_vector_number: optimizers.vacuumMinVectorNumber,
      default_segment_number: optimizers.defaultSegmentNumber,
      max_segment_size: optimizers.maxSegmentSizeKb,
      memmap_threshold: optimizers.memmapThresholdKb,
      indexing_threshold: optimizers.indexingThresholdKb,
      flush_interval_sec: optimizers.flushIntervalSec,
      max_optimization_threads: optimizers.maxOptimizationThreads,
    },
    wal_config: {
      wal_capacity_mb: wal.walCapacityMb,
      wal_segments_ahead: wal.walSegmentsAhead,
      wal_retain_closed: wal.walRetainClosed,
    },
    quantization_config: null,
    strict_mode_config: { enabled: false },
  });
  const withMetadata = metadata === null ? config : `${config.slice(0, -1)},"metadata":${metadata}}`;
  const head = JSON.stringify({
    status: info.status,
    optimizer_status: info.optimizerError === null ? 'ok' : { error: info.optimizerError },
    indexed_vectors_count: info.indexedVectorsCount,
    points_count: info.pointsCount,
    segments_count: info.segmentsCount,
  });
  const schema = JSON.stringify(present(info.payloadSchema.map((index) => [index.path, fieldIndex(index)])));
  return `${head.slice(0, -1)},"config":${withMetadata},"payload_schema":${schema}}`;
}
