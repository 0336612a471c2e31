/**
 * Settings that this version reads and does not act on. Those that promise protection, or that say
 * where the data is, stop the start: a node that ignored them would be open, or empty, without a word.
 * The others are named in one warning.
 */
import type { CommandLine } from './command-line.js';
import type { LoadedSettings } from './load-settings.js';
import type { Settings } from './settings.js';

/** Why the node must not start with these settings; empty when it may. */
export function startRefusals(settings: Settings, commandLine: CommandLine): string[] {
  const refusals: [boolean, string][] = [
    [
      settings.service.jwt_rbac === true,
      'service.jwt_rbac is true, and access tokens are not built yet: use api keys, or set it to false.',
    ],
    [
      settings.service.enforce_internal_auth === true,
      'service.enforce_internal_auth is true, and the internal API is not built yet.',
    ],
    [
      settings.service.verify_https_client_certificate,
      'service.verify_https_client_certificate is true, and checking client certificates is not built yet.',
    ],
    [settings.audit.enabled, 'audit.enabled is true, and the audit log is not built yet.'],
    [
      settings.storage.quotas !== undefined && settings.storage.quotas !== null,
      'storage.quotas is set, and quotas are not built yet.',
    ],
    [
      settings.storage.collection.strict_mode?.enabled === true,
      'storage.collection.strict_mode.enabled is true, and strict mode is not built yet.',
    ],
    [settings.storage.recovery_mode !== null, 'storage.recovery_mode is set, and the recovery mode is not built yet.'],
    [settings.storage.node_type === 'Listener', 'storage.node_type is Listener, and listener nodes are not built yet.'],
    [
      settings.storage.snapshots_config.snapshots_storage === 's3',
      'storage.snapshots_config.snapshots_storage is s3, and snapshots are not built yet.',
    ],
    [commandLine.snapshots.length > 0, '--snapshot is given, and recovering from snapshots is not built yet.'],
    [
      commandLine.storageSnapshot !== null,
      '--storage-snapshot is given, and recovering from snapshots is not built yet.',
    ],
    [
      commandLine.reinit && !settings.cluster.enabled,
      '--reinit is given, and there is no consensus to restart: cluster.enabled is false.',
    ],
    [
      settings.service.api_key === null && settings.service.read_only_api_key !== null,
      'service.read_only_api_key is set without service.api_key: nothing could ever be written.',
    ],
    [
      settings.service.api_key === null && settings.service.alt_api_key !== null,
      'service.alt_api_key is set without service.api_key.',
    ],
  ];
  return refusals.filter(([applies]) => applies).map(([, sentence]) => sentence);
}

/** Keys, or whole trees of keys, that are accepted and change nothing. */
const inertKeys = [
  'logger',
  'storage.temp_path',
  'storage.payload',
  'storage.low_memory_mode',
  'storage.update_concurrency',
  'storage.update_queue_size',
  'storage.wal.wal_segments_ahead',
  'storage.wal.wal_retain_closed',
  'storage.performance.optimizer_io_budget',
  'storage.performance.update_rate_limit',
  'storage.performance.async_scorer',
  'storage.performance.io_uring',
  'storage.performance.max_concurrent_collection_loads',
  'storage.performance.max_concurrent_shard_loads',
  'storage.performance.max_concurrent_segment_loads',
  'storage.optimizers_overwrite',
  'storage.hnsw_index.memory',
  'storage.shard_transfer_method',
  'storage.collection.vectors.memory',
  'storage.collection.quantization',
  'service.max_workers',
  'service.hide_jwt_dashboard',
  'service.static_content_dir',
  'service.slow_query_secs',
  'service.hardware_reporting',
  'service.enable_static_content',
  'service.enable_snapshot_url_recovery',
  'service.http_client_disconnect_timeout_sec',
  'service.metrics_port',
  'cluster.resharding_enabled',
  'feature_flags',
  'inference',
  'gpu',
  'debugger',
] as const;

/** Those that only a node of a cluster acts on. */
const clusterKeys = [
  'storage.performance.incoming_shard_transfers_limit',
  'storage.performance.outgoing_shard_transfers_limit',
  'storage.collection.shard_number_per_node',
  'cluster.connection_timeout_ms',
  'cluster.grpc_timeout_ms',
  'cluster.peer_id',
  'cluster.p2p',
  'cluster.consensus',
  'tls.ca_cert',
] as const;

/** One warning for all that was set and is not acted on, or null. */
export function unservedWarning(loaded: LoadedSettings, commandLine: CommandLine): string | null {
  const given = [...loaded.givenKeys];
  const { enabled } = loaded.settings.cluster;
  const keys = enabled ? inertKeys : [...inertKeys, ...clusterKeys];
  const inert = keys.filter((key) => given.some((path) => path === key || path.startsWith(`${key}.`)));
  const flags = [
    commandLine.bootstrap === null || enabled ? null : '--bootstrap',
    commandLine.uri === null || enabled ? null : '--uri',
    commandLine.forceSnapshot ? '--force-snapshot' : null,
  ].filter((name): name is string => name !== null);
  const parts = [
    loaded.unknownKeys.length > 0 ? `not known: ${loaded.unknownKeys.join(', ')}` : null,
    inert.length + flags.length > 0 ? `read but without effect here: ${[...inert, ...flags].join(', ')}` : null,
  ].filter((part): part is string => part !== null);
  return parts.length === 0 ? null : `Some settings have no effect (${parts.join('; ')}).`;
}
