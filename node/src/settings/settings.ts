/** The settings of a node: every key that the original knows, with its defaults and types. */
import { z } from 'zod';
import { flag, fraction, integer, nullable, optionalText, section, text } from './setting-values.js';

/** Keys whose insides are only carried along: nothing here acts on them. */
const opaque = z.unknown().optional();

const wal = section({
  wal_capacity_mb: integer(1, 4096).default(32),
  wal_segments_ahead: integer(0, 64).default(0),
  wal_retain_closed: integer(1, 1024).default(1),
  /** `always`: fdatasync before every acknowledgement. `interval`: survives process death only. */
  sync: z.enum(['always', 'interval']).default('always'),
  sync_interval_ms: integer(1, 60_000).default(200),
});

const performance = section({
  max_search_threads: integer(0, 1024).default(0),
  optimizer_cpu_budget: integer(-1024, 1024).default(0),
  optimizer_io_budget: integer(0, 1024).default(0),
  update_rate_limit: nullable(integer(1)),
  search_timeout_sec: nullable(integer(1)),
  incoming_shard_transfers_limit: z.preprocess((v) => (v === '' ? null : v), integer(0).nullable()).default(1),
  outgoing_shard_transfers_limit: z.preprocess((v) => (v === '' ? null : v), integer(0).nullable()).default(1),
  async_scorer: nullable(flag),
  io_uring: nullable(text),
  max_concurrent_collection_loads: integer(1).default(1),
  max_concurrent_shard_loads: integer(1).default(1),
  max_concurrent_segment_loads: integer(1).default(8),
});

const optimizers = section({
  deleted_threshold: fraction(0, 1).default(0.2),
  vacuum_min_vector_number: integer(100).default(1000),
  default_segment_number: integer(0).default(0),
  max_segment_size_kb: nullable(integer(1)),
  memmap_threshold_kb: nullable(integer(0)),
  indexing_threshold_kb: z.preprocess((v) => (v === '' ? null : v), integer(0).nullable()).default(10_000),
  flush_interval_sec: integer(0).default(5),
  max_optimization_threads: nullable(integer(0)),
});

const hnswIndex = section({
  m: integer(0, 2048).default(16),
  ef_construct: integer(4).default(100),
  full_scan_threshold_kb: integer(0).default(10_000),
  max_indexing_threads: integer(0).default(0),
  on_disk: nullable(flag),
  memory: nullable(text),
  payload_m: nullable(integer(0)),
});

const collectionDefaults = section({
  replication_factor: integer(1).default(1),
  write_consistency_factor: integer(1).default(1),
  shard_number: nullable(integer(1)),
  shard_number_per_node: nullable(integer(1)),
  vectors: section({ on_disk: nullable(flag), memory: nullable(text) }),
  quantization: nullable(z.unknown()),
  strict_mode: nullable(z.looseObject({ enabled: flag.optional() })),
});

const storage = section({
  storage_path: text.default('./storage'),
  snapshots_path: text.default('./snapshots'),
  temp_path: optionalText,
  snapshots_config: section({ snapshots_storage: z.enum(['local', 's3']).default('local'), s3_config: opaque }),
  on_disk_payload: flag.default(true),
  payload: opaque,
  low_memory_mode: z.enum(['disabled', 'no_resident', 'no_populate']).default('disabled'),
  update_concurrency: nullable(integer(1)),
  update_queue_size: nullable(integer(1)),
  wal,
  node_type: z.enum(['Normal', 'Listener']).default('Normal'),
  recovery_mode: optionalText,
  handle_collection_load_errors: flag.default(false),
  performance,
  optimizers,
  optimizers_overwrite: opaque,
  hnsw_index: hnswIndex,
  shard_transfer_method: nullable(z.enum(['stream_records', 'snapshot', 'wal_delta'])),
  collection: collectionDefaults,
  max_collections: nullable(integer(0)),
  quotas: opaque,
});

const service = section({
  host: text.default('0.0.0.0'),
  http_port: integer(0, 65_535).default(6333),
  grpc_port: z.preprocess((v) => (v === '' ? null : v), integer(0, 65_535).nullable()).default(6334),
  max_request_size_mb: integer(1, 4096).default(32),
  max_workers: nullable(integer(0)),
  http_keep_alive_timeout_sec: integer(0, 86_400).default(5),
  http_client_request_timeout_sec: integer(0, 86_400).default(5),
  http_client_disconnect_timeout_sec: integer(0, 86_400).default(5),
  enable_cors: flag.default(true),
  enable_tls: flag.default(false),
  verify_https_client_certificate: flag.default(false),
  api_key: optionalText,
  alt_api_key: optionalText,
  read_only_api_key: optionalText,
  jwt_rbac: nullable(flag),
  enforce_internal_auth: nullable(flag),
  hide_jwt_dashboard: nullable(flag),
  static_content_dir: optionalText,
  enable_static_content: nullable(flag),
  slow_query_secs: nullable(fraction(0, Number.MAX_VALUE)),
  hardware_reporting: nullable(flag),
  metrics_prefix: optionalText,
  metrics_port: nullable(integer(0, 65_535)),
  enable_snapshot_url_recovery: flag.default(true),
  /** How long requests are still served after SIGTERM, while readyz already answers 503. */
  shutdown_delay_sec: integer(0, 3600).default(0),
});

const cluster = section({
  enabled: flag.default(false),
  peer_id: nullable(integer(1)),
  grpc_timeout_ms: integer(1).default(60_000),
  connection_timeout_ms: integer(1).default(2000),
  resharding_enabled: flag.default(false),
  p2p: section({
    port: nullable(integer(0, 65_535)),
    connection_pool_size: integer(1).default(2),
    enable_tls: flag.default(false),
  }),
  consensus: section({
    tick_period_ms: integer(1).default(100),
    compact_wal_entries: integer(0).default(128),
    max_message_queue_size: integer(1).default(100),
    bootstrap_timeout_sec: integer(1).default(15),
    message_timeout_ticks: integer(1).default(10),
  }),
});

export const settingsSchema = section({
  log_level: text.default('INFO'),
  logger: opaque,
  storage,
  service,
  cluster,
  telemetry_disabled: flag.default(false),
  tls: section({
    cert: text.default('./tls/cert.pem'),
    key: text.default('./tls/key.pem'),
    ca_cert: optionalText,
    /** Seconds between looks at the certificate files; null or 0: read once. */
    cert_ttl: z.preprocess((v) => (v === '' ? null : v), integer(0).nullable()).default(3600),
  }),
  audit: z.preprocess((value) => value ?? {}, z.looseObject({ enabled: flag.default(false) })).prefault({}),
  feature_flags: opaque,
  inference: opaque,
  gpu: opaque,
  debugger: opaque,
});

export type Settings = z.infer<typeof settingsSchema>;
