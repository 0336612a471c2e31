/** TLS of the gRPC port, with a certificate that may be renewed while the node runs. */
import { experimental, ServerCredentials } from '@grpc/grpc-js';

/** Where the certificate comes from; `onChange` is told of every renewal. */
export interface CertificateSource {
  current(): { readonly cert: Buffer; readonly key: Buffer };
  onChange(listener: (pair: { readonly cert: Buffer; readonly key: Buffer }) => void): void;
}

type IdentityListener = Parameters<experimental.CertificateProvider['addIdentityCertificateListener']>[0];

/** The form in which grpc-js wants to be told. It has no listeners for CA certificates: clients show none. */
class IdentityProvider implements experimental.CertificateProvider {
  readonly #source: CertificateSource;
  readonly #listeners = new Set<IdentityListener>();

  constructor(source: CertificateSource) {
    this.#source = source;
    source.onChange(() => {
      for (const listener of this.#listeners) this.#tell(listener);
    });
  }

  #tell(listener: IdentityListener): void {
    const { cert, key } = this.#source.current();
    listener({ certificate: cert, privateKey: key });
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    this.#listeners.add(listener);
    // grpc-js listens before it knows whom to pass the news on to, so it is told right after.
    queueMicrotask(() => this.#tell(listener));
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.#listeners.delete(listener);
  }

  addCaCertificateListener(): void {
    throw new Error('Client certificates are not checked');
  }

  removeCaCertificateListener(): void {
    throw new Error('Client certificates are not checked');
  }
}

export function serverCredentials(source: CertificateSource | null): ServerCredentials {
  if (source === null) return ServerCredentials.createInsecure();
  return experimental.createCertificateProviderServerCredentials(new IdentityProvider(source), null, false);
}
