/** What a field that is not given stands for. The schema fills nothing in: a stored resource stays as it was written. */

export const specDefaults = {
  servicePerNode: true,
  clusterManager: true,
  image: { pullPolicy: 'IfNotPresent' },
  resources: { storage: '10Gi' },
  security: { user: 1000, group: 2000, fsGroup: 3000 },
  service: { type: 'ClusterIP' },
  config: {
    log_level: 'INFO',
    collection: { replication_factor: 1, write_consistency_factor: 1 },
    service: { enable_tls: false, max_request_size_mb: 32 },
  },
  startupDelaySeconds: 0,
  rebalanceStrategy: 'by_count',
  operator: {
    drain: { timeout: '1h', maxConcurrentTransfers: 1, forbidReplicaLoss: true },
    deadPeer: { detectAfter: '6m', action: 'Recover', allowDataLoss: false },
    persistentVolumeClaimRetention: { whenScaled: 'Delete', whenDeleted: 'Retain' },
  },
} as const;
