/**
 * `refused`: something at the address, or on the way to it, says that nobody listens there.
 * `lost`: a connection that stood was closed or reset, or its pings were not answered.
 * `timeout`: no answer in time, which a slow network or a lost packet does too.
 * `unknown-host`: the name does not resolve now.
 * `rejected`: a node answered and takes nothing from this one.
 * `protocol`: what answered speaks something else.
 */
export type ConnectFailure = 'refused' | 'lost' | 'timeout' | 'unknown-host' | 'rejected' | 'protocol';

/** Why there is no connection to a peer. */
export class ConnectError extends Error {
  override readonly name = 'ConnectError';
  readonly failure: ConnectFailure;

  constructor(failure: ConnectFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }

  /** Whether it says that the peer's process is gone, and not only that the network is slow. */
  get isEvidence(): boolean {
    switch (this.failure) {
      case 'refused':
      case 'lost':
        return true;
      case 'timeout':
      case 'unknown-host':
      case 'rejected':
      case 'protocol':
        return false;
    }
  }
}
