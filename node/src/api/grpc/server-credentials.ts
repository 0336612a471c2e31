/** TLS of the gRPC port, with certificates that may be renewed while the node runs. */
import { readFile } from 'node:fs/promises';
import { experimental, ServerCredentials } from '@grpc/grpc-js';
import type { Settings } from '../../settings/settings.js';

/** Rejects when TLS is on and its files can't be read: a node that only fails handshakes tells nobody why. */
export async function serverCredentials(settings: Settings): Promise<ServerCredentials> {
  if (!settings.service.enable_tls) return ServerCredentials.createInsecure();
  const { cert, key, cert_ttl: certTtlSec } = settings.tls;
  const [certificate, privateKey] = await Promise.all([readFile(cert), readFile(key)]);
  const fixed = ServerCredentials.createSsl(null, [{ cert_chain: certificate, private_key: privateKey }]);
  if (certTtlSec === null || certTtlSec === 0) return fixed;
  const watcher = new experimental.FileWatcherCertificateProvider({
    certificateFile: cert,
    privateKeyFile: key,
    refreshIntervalMs: certTtlSec * 1000,
  });
  return experimental.createCertificateProviderServerCredentials(watcher, null, false);
}
