/** `spec.config`: settings of Qdrant, with its own spelling of the keys. */
import { z } from 'zod';
import { choice, count, flag, secretKey, section, text } from './schema-parts.js';

const collection = section('Defaults of new collections.', {
  replication_factor: count('Replicas of each shard.', 1, 100).exactOptional(),
  write_consistency_factor: count('Replicas that have to confirm a write.', 1, 100).exactOptional(),
  vectors: section('Defaults of vectors.', {
    on_disk: flag('Keep vectors on disk.').exactOptional(),
  }).exactOptional(),
  strict_mode: section('Limits on what requests may ask.', {
    max_payload_index_count: count('Payload indexes that a collection may have.', 0, 1_000_000).exactOptional(),
  }).exactOptional(),
});

const service = section('The API of the nodes.', {
  api_key: secretKey('Key that allows everything.').exactOptional(),
  read_only_api_key: secretKey('Key that allows reading. Needs api_key.').exactOptional(),
  jwt_rbac: flag('Accept access tokens.').exactOptional(),
  hide_jwt_dashboard: flag('Hide the page for access tokens in the dashboard.').exactOptional(),
  enable_tls: flag('Serve clients over TLS. Needs config.tls.').exactOptional(),
  max_request_size_mb: count('The largest body of a request, in MB.', 1, 4096).exactOptional(),
});

const tls = section(
  'Certificates. With caCert, peers talk over TLS too; that is decided when the cluster is created.',
  {
    cert: secretKey('Certificate chain of the server.').exactOptional(),
    key: secretKey('Private key of the server.').exactOptional(),
    caCert: secretKey('Certificate of the authority that signed the peers.').exactOptional(),
  },
);

const storage = section('Storage of the nodes.', {
  performance: section('Use of processors.', {
    optimizer_cpu_budget: z
      .int()
      .min(-1024)
      .max(1024)
      .meta({ description: 'Processors for optimizations: 0 chooses, negative leaves so many free.' })
      .exactOptional(),
    async_scorer: flag('Rescore with io_uring.').exactOptional(),
  }).exactOptional(),
  maxCollections: count('Collections that the cluster may have.', 1, 1_000_000).exactOptional(),
});

const audit = section('The audit log.', {
  enabled: flag('Write it.').exactOptional(),
  dir: text('Folder that it is written to.', 4096).exactOptional(),
  rotation: choice('When a new file begins.', ['daily', 'hourly']).exactOptional(),
  max_log_files: count('Files that are kept.', 1, 100_000).exactOptional(),
  trust_forwarded_headers: flag('Take the address of a client from X-Forwarded-For.').exactOptional(),
});

export const configSpec = section('Settings of Qdrant.', {
  collection: collection.exactOptional(),
  log_level: text('What is logged: TRACE, DEBUG, INFO, WARN or ERROR.', 253).exactOptional(),
  service: service.exactOptional(),
  tls: tls.exactOptional(),
  storage: storage.exactOptional(),
  audit: audit.exactOptional(),
  inference: section('Inference, in the managed cloud.', {
    enabled: flag('Offer it.').exactOptional(),
  }).exactOptional(),
});
