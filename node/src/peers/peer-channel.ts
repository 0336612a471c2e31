/**
 * The way to one peer: makes connections to wherever its name points now, one at a time, and says at once when there
 * is none. A name is resolved again for every connection, because a peer that comes back often has another address.
 */
import type { ChannelCredentials, Metadata } from '@grpc/grpc-js';
import type { PeerId } from '../metadata/peer-id.js';
import { PeerUnreachable } from '../replica/remote-replicas.js';
import { ConnectError } from './connect-error.js';
import { PeerAddressError, parsePeerUri, type PeerAddress } from './peer-address.js';
import { PeerConnection } from './peer-connection.js';
import { PeerRejection } from './rejection.js';

/** The addresses that a name has now, best first. */
export type Lookup = (host: string) => Promise<readonly string[]>;

export interface PeerChannelOptions {
  /** Made anew for each connection: the cluster of this node may have become known. */
  readonly metadata: (receiver: PeerId | null) => Metadata;
  /** Asked for each connection: certificates are renewed while the node runs. */
  readonly credentials: (host: string) => ChannelCredentials;
  readonly lookup: Lookup;
  readonly connectTimeoutMs: number;
  readonly messageBytesMax: number;
  /** The peer's process seems to be gone: its connection was refused or reset. */
  readonly onUnreachable: (peer: PeerId) => void;
  /** The peer answers and takes nothing from this node. */
  readonly onRejected: (peer: PeerId, rejection: PeerRejection) => void;
}

export interface SendFailures {
  readonly count: number;
  readonly latestError: string;
  readonly latestErrorAt: Date;
}

/** Of the addresses of a name this many are tried. */
const addressesMax = 4;

/** After a failure the next attempt waits this long, doubled with each failure up to the longest. */
const pauseMs = { first: 50, longest: 500 };

/** A peer that closes one connection after the other as soon as they stand is not asked again at once. */
const shortLivedMs = 500;

/** How long a call waits for an attempt when the one before it failed. */
const patienceMs = 200;

export class PeerChannel {
  readonly peer: PeerId;
  readonly #options: PeerChannelOptions;
  #uri: string;
  #connection: PeerConnection | null = null;
  #attempt: Promise<PeerConnection> | null = null;
  #failures: SendFailures | null = null;
  #lastError: ConnectError | null = null;
  #pauseMs = 0;
  #pausedUntilMs = 0;
  /** Counts addresses, so that an attempt for an old one is known when it ends. */
  #generation = 0;
  #openedAtMs = 0;
  #wasShortLived = false;
  #closed = false;

  constructor(peer: PeerId, uri: string, options: PeerChannelOptions) {
    this.peer = peer;
    this.#uri = uri;
    this.#options = options;
  }

  get uri(): string {
    return this.#uri;
  }

  get messageBytesMax(): number {
    return this.#options.messageBytesMax;
  }

  /** Failures since the last success; null when there are none. */
  get failures(): SendFailures | null {
    return this.#failures;
  }

  /** The connection that stands, or null. */
  get connection(): PeerConnection | null {
    return this.#connection;
  }

  /** Rejects with `PeerUnreachable`: at once while the peer is known to be away, else within the connect timeout. */
  async connect(): Promise<PeerConnection> {
    if (this.#connection !== null) return this.#connection;
    if (this.#closed) throw new PeerUnreachable(this.peer, `Peer ${this.peer} is no member of the cluster`);
    const lastError = this.#lastError;
    if (this.#attempt === null && lastError !== null && performance.now() < this.#pausedUntilMs) {
      throw this.unreachable(lastError);
    }
    this.#attempt ??= this.#startAttempt();
    try {
      return await (lastError === null ? this.#attempt : withPatience(this.#attempt, lastError));
    } catch (error) {
      throw this.unreachable(error);
    }
  }

  /** Follows the peer to another address; what is under way on the old one fails. */
  updateUri(uri: string): void {
    if (uri === this.#uri) return;
    this.#uri = uri;
    this.#failures = null;
    this.#restart();
  }

  close(): void {
    this.#closed = true;
    this.#restart();
  }

  /** Any failure of the connection as what callers get. */
  unreachable(error: unknown): PeerUnreachable {
    if (error instanceof PeerUnreachable) return error;
    const reason = error instanceof Error ? error.message : String(error);
    return new PeerUnreachable(this.peer, `Peer ${this.peer} at ${this.#uri} cannot be reached: ${reason}`, {
      cause: error,
    });
  }

  /** A call or stream failed although the connection stands, or seemed to. */
  noteFailure(error: ConnectError): void {
    if (this.#closed) return;
    this.#failures = { count: (this.#failures?.count ?? 0) + 1, latestError: error.message, latestErrorAt: new Date() };
    if (error.cause instanceof PeerRejection) this.#options.onRejected(this.peer, error.cause);
  }

  noteSuccess(): void {
    this.#failures = null;
  }

  #restart(): void {
    this.#generation += 1;
    this.#attempt = null;
    this.#lastError = null;
    this.#pauseMs = 0;
    const connection = this.#connection;
    this.#connection = null;
    connection?.close();
  }

  #startAttempt(): Promise<PeerConnection> {
    const generation = this.#generation;
    const attempt = this.#open().then(
      (connection) => this.#opened(connection, generation),
      (error: unknown) => this.#failed(error, generation),
    );
    // Nobody may be waiting: an attempt is also made to see whether a lost peer comes back.
    attempt.catch(() => undefined);
    return attempt;
  }

  async #open(): Promise<PeerConnection> {
    const { lookup, connectTimeoutMs, credentials, messageBytesMax } = this.#options;
    const address = addressOf(this.#uri);
    const startedMs = performance.now();
    const ips = (await resolveHost(lookup, address.host, connectTimeoutMs)).slice(0, addressesMax);
    let latest = new ConnectError('unknown-host', `The name ${address.host} has no address`);
    for (const [index, ip] of ips.entries()) {
      const leftMs = connectTimeoutMs - (performance.now() - startedMs);
      if (leftMs <= 0) break;
      try {
        return await PeerConnection.open({
          address,
          ip,
          expected: this.peer,
          metadata: this.#options.metadata(this.peer),
          credentials: credentials(address.host),
          messageBytesMax,
          timeoutMs: Math.ceil(leftMs / (ips.length - index)),
        });
      } catch (error) {
        if (!(error instanceof ConnectError)) throw error;
        latest = error;
      }
    }
    throw latest;
  }

  #opened(connection: PeerConnection, generation: number): PeerConnection {
    if (generation !== this.#generation) {
      connection.close();
      throw new ConnectError('lost', 'The address of the peer has changed');
    }
    this.#attempt = null;
    this.#connection = connection;
    this.#openedAtMs = performance.now();
    this.#lastError = null;
    this.#pauseMs = 0;
    this.noteSuccess();
    connection.onLost((error) => this.#lost(connection, error));
    return connection;
  }

  #failed(error: unknown, generation: number): never {
    const failure = error instanceof ConnectError ? error : new ConnectError('protocol', String(error));
    if (generation !== this.#generation) throw failure;
    this.#attempt = null;
    this.#lastError = failure;
    this.#pauseMs = Math.min(pauseMs.longest, Math.max(pauseMs.first, this.#pauseMs * 2));
    this.#pausedUntilMs = performance.now() + this.#pauseMs;
    this.noteFailure(failure);
    if (failure.isEvidence) this.#options.onUnreachable(this.peer);
    throw failure;
  }

  #lost(connection: PeerConnection, error: ConnectError): void {
    if (this.#connection !== connection) return;
    this.#connection = null;
    this.noteFailure(error);
    if (error.isEvidence) this.#options.onUnreachable(this.peer);
    // One that fell silent is not waited for as long again.
    if (error.failure === 'timeout') this.#lastError = error;
    const isShortLived = performance.now() - this.#openedAtMs < shortLivedMs;
    if (isShortLived && this.#wasShortLived) {
      this.#lastError = error;
      this.#pausedUntilMs = performance.now() + pauseMs.longest;
      return;
    }
    this.#wasShortLived = isShortLived;
    // At once, and not when the next call comes: a refused connection says more than a lost one.
    this.#attempt ??= this.#startAttempt();
  }
}

function addressOf(uri: string): PeerAddress {
  try {
    return parsePeerUri(uri);
  } catch (error) {
    if (error instanceof PeerAddressError) throw new ConnectError('unknown-host', error.message, { cause: error });
    throw error;
  }
}

/** Rejects with a `ConnectError`. */
export async function resolveHost(lookup: Lookup, host: string, timeoutMs: number): Promise<readonly string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([lookup(host), late]);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConnectError('unknown-host', `The name ${host} does not resolve: ${reason}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

async function withPatience(attempt: Promise<PeerConnection>, lastError: ConnectError): Promise<PeerConnection> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(lastError), patienceMs);
  });
  try {
    return await Promise.race([attempt, late]);
  } finally {
    clearTimeout(timer);
  }
}
