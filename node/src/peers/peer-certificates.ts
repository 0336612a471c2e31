/**
 * TLS between nodes: each shows the certificate of the settings to the other and takes those that the CA of the
 * settings signed. The files are looked at again every `cert_ttl` seconds, so that they can be renewed while nodes run.
 */
import { readFileSync } from 'node:fs';
import { checkServerIdentity, createSecureContext } from 'node:tls';
import { credentials, experimental, type ChannelCredentials, type ServerCredentials } from '@grpc/grpc-js';
import { SettingsError } from '../settings/load-settings.js';
import type { Settings } from '../settings/settings.js';

interface Certificates {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

type CaListener = Parameters<experimental.CertificateProvider['addCaCertificateListener']>[0];
type IdentityListener = Parameters<experimental.CertificateProvider['addIdentityCertificateListener']>[0];

function readCertificates({ ca_cert: caPath, cert, key }: Settings['tls']): Certificates {
  if (caPath === null) throw new Error('tls.ca_cert is needed, for nodes check each other');
  const certificates = { ca: readFileSync(caPath), cert: readFileSync(cert), key: readFileSync(key) };
  // Throws when they do not belong together: better here than at the first handshake.
  createSecureContext(certificates);
  return certificates;
}

export class PeerCertificates implements experimental.CertificateProvider {
  readonly #settings: Settings['tls'];
  readonly #caListeners = new Set<CaListener>();
  readonly #identityListeners = new Set<IdentityListener>();
  #certificates: Certificates;
  #timer: NodeJS.Timeout | null = null;

  /** Throws a `SettingsError` when the files cannot be used. */
  constructor(settings: Settings['tls']) {
    this.#settings = settings;
    try {
      this.#certificates = readCertificates(settings);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new SettingsError(`cluster.p2p.enable_tls is true, and the certificates cannot be used: ${reason}.`);
    }
    const ttlSec = settings.cert_ttl ?? 0;
    if (ttlSec > 0) {
      this.#timer = setInterval(() => this.reload(), Math.min(ttlSec * 1000, 2 ** 31 - 1));
      this.#timer.unref();
    }
  }

  /** For a connection to the host, which its certificate has to name. */
  clientCredentials(host: string): ChannelCredentials {
    const { ca, cert, key } = this.#certificates;
    return credentials.createSsl(ca, key, cert, {
      checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
    });
  }

  serverCredentials(): ServerCredentials {
    return experimental.createCertificateProviderServerCredentials(this, this, true);
  }

  /** Files that are half replaced, or gone, leave those in use until the next look. */
  reload(): void {
    let certificates: Certificates;
    try {
      certificates = readCertificates(this.#settings);
    } catch {
      return;
    }
    this.#certificates = certificates;
    for (const listener of this.#caListeners) this.#tellCa(listener);
    for (const listener of this.#identityListeners) this.#tellIdentity(listener);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  addCaCertificateListener(listener: CaListener): void {
    this.#caListeners.add(listener);
    // grpc-js listens before it knows whom to pass the news on to, so it is told right after.
    queueMicrotask(() => this.#tellCa(listener));
  }

  removeCaCertificateListener(listener: CaListener): void {
    this.#caListeners.delete(listener);
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.add(listener);
    queueMicrotask(() => this.#tellIdentity(listener));
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.#identityListeners.delete(listener);
  }

  #tellCa(listener: CaListener): void {
    listener({ caCertificate: this.#certificates.ca });
  }

  #tellIdentity(listener: IdentityListener): void {
    const { cert, key } = this.#certificates;
    listener({ certificate: cert, privateKey: key });
  }
}
