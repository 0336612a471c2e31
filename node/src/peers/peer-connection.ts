/** One connection to a peer, from the first packet to the last. It never connects again: a new one is made instead. */
import { Client, connectivityState, Metadata, status, type ChannelCredentials } from '@grpc/grpc-js';
import type { ClientDuplexStream, ClientWritableStream, ServiceError as GrpcError } from '@grpc/grpc-js';
import type { PeerId } from '../metadata/peer-id.js';
import { asBuffer } from './as-buffer.js';
import { ConnectError } from './connect-error.js';
import { HelloAnswer, PeersDefinition } from './generated/p2p/peer.js';
import { clientOptions } from './grpc-limits.js';
import { grpcTarget, type PeerAddress } from './peer-address.js';
import { methodPath } from '../grpc/raw-service-definition.js';
import { probeTcp } from './tcp-probe.js';
import { rejectionIn } from './wire-metadata.js';

const identity = (bytes: Buffer): Buffer => bytes;

const helloPath = methodPath(PeersDefinition, PeersDefinition.methods.hello);

export interface PeerConnectionOptions {
  readonly address: PeerAddress;
  /** What the host of the address was resolved to. */
  readonly ip: string;
  /** Whom to find there; null: whoever listens. */
  readonly expected: PeerId | null;
  readonly metadata: Metadata;
  readonly credentials: ChannelCredentials;
  readonly messageBytesMax: number;
  readonly timeoutMs: number;
}

/** A failed call as the reason for which there is no connection, or none any more. */
export function connectErrorOf(error: Error & Partial<GrpcError>): ConnectError {
  const rejection = error.metadata instanceof Metadata ? rejectionIn(error.metadata) : null;
  if (rejection !== null) return new ConnectError('rejected', rejection.message, { cause: rejection });
  switch (error.code) {
    case status.UNAVAILABLE:
    case status.CANCELLED:
      return new ConnectError('lost', error.details ?? error.message, { cause: error });
    case status.DEADLINE_EXCEEDED:
      return new ConnectError('timeout', 'No answer in time', { cause: error });
    default:
      return new ConnectError('protocol', error.details ?? error.message, { cause: error });
  }
}

export class PeerConnection {
  /** What the peer said of itself when the connection was made. */
  readonly hello: HelloAnswer;
  readonly #client: Client;
  readonly #metadata: Metadata;
  #lostListener: ((error: ConnectError) => void) | null = null;
  readonly #streams = new Set<{ cancel(): void }>();
  #ended: ConnectError | null = null;

  private constructor(client: Client, options: PeerConnectionOptions, hello: HelloAnswer) {
    this.#client = client;
    this.#metadata = options.metadata;
    this.hello = hello;
    this.#watch();
  }

  /** Rejects with a `ConnectError`. */
  static async open(options: PeerConnectionOptions): Promise<PeerConnection> {
    const startedMs = performance.now();
    const { address, ip, credentials, messageBytesMax, timeoutMs } = options;
    await probeTcp(ip, address.port, timeoutMs);
    const client = new Client(grpcTarget(ip, address.port), credentials, clientOptions(messageBytesMax, address));
    try {
      const leftMs = Math.max(1, timeoutMs - (performance.now() - startedMs));
      const hello = await sayHello(client, options.metadata, leftMs);
      checkIdentity(hello, options.expected);
      return new PeerConnection(client, options, hello);
    } catch (error) {
      client.close();
      throw error;
    }
  }

  /** Why the connection is of no more use, or null. */
  get ended(): ConnectError | null {
    return this.#ended;
  }

  /** Told once, at once, when the connection ends by itself. */
  onLost(listener: (error: ConnectError) => void): void {
    this.#lostListener = listener;
  }

  openDuplex(path: string): ClientDuplexStream<Buffer, Buffer> {
    const stream = this.#client.makeBidiStreamRequest(path, identity, identity, this.#metadata.clone(), {});
    this.#keep(stream);
    return stream;
  }

  /** A stream of messages with one answer, told by `onAnswer`. */
  openUpload(
    path: string,
    timeoutMs: number,
    onAnswer: (error: ConnectError | null, answer: Buffer | null) => void,
  ): ClientWritableStream<Buffer> {
    const options = { deadline: Date.now() + timeoutMs };
    const metadata = this.#metadata.clone();
    const stream = this.#client.makeClientStreamRequest<Buffer, Buffer>(
      path,
      identity,
      identity,
      metadata,
      options,
      (error, answer) => onAnswer(error === null ? null : connectErrorOf(error), answer ?? null),
    );
    this.#keep(stream);
    return stream;
  }

  /** Rejects with a `ConnectError`; the deadline is `timeout`. */
  call(path: string, message: Uint8Array, timeoutMs: number): Promise<Buffer> {
    return unaryCall(this.#client, path, message, this.#metadata, timeoutMs);
  }

  /** Streams that are open end with an error. */
  close(): void {
    this.#ended ??= new ConnectError('lost', 'The connection was closed by this node');
    for (const stream of this.#streams) stream.cancel();
    this.#client.close();
  }

  /** Asks the peer whether it is there. Rejects with a `ConnectError`. */
  async sayHello(timeoutMs: number): Promise<void> {
    await sayHello(this.#client, this.#metadata, timeoutMs);
  }

  /** Ends it because nothing comes over it any more, which is not evidence that the peer is gone. */
  abandon(reason: string): void {
    this.#lose(new ConnectError('timeout', reason));
    this.close();
  }

  /** Ends it because the peer does not keep to the protocol. */
  abort(reason: string): void {
    this.#lose(new ConnectError('protocol', reason));
    this.close();
  }

  #keep(stream: ClientDuplexStream<Buffer, Buffer> | ClientWritableStream<Buffer>): void {
    this.#streams.add(stream);
    stream.once('status', () => this.#streams.delete(stream));
  }

  #watch(): void {
    const channel = this.#client.getChannel();
    const lost = (): void => this.#lose(new ConnectError('lost', 'The connection was closed by the other side'));
    if (channel.getConnectivityState(false) !== connectivityState.READY) {
      queueMicrotask(lost);
      return;
    }
    channel.watchConnectivityState(connectivityState.READY, Infinity, lost);
  }

  #lose(error: ConnectError): void {
    if (this.#ended !== null) return;
    this.#ended = error;
    this.#lostListener?.(error);
    // A peer that only takes no new calls may still answer those under way; when they are done, this end closes too.
    this.#client.close();
  }
}

function unaryCall(
  client: Client,
  path: string,
  message: Uint8Array,
  metadata: Metadata,
  timeoutMs: number,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest<Buffer, Buffer>(
      path,
      identity,
      identity,
      asBuffer(message),
      metadata.clone(),
      { deadline: Date.now() + timeoutMs },
      (error, answer) => {
        if (error !== null) reject(connectErrorOf(error));
        else resolve(answer ?? Buffer.alloc(0));
      },
    );
  });
}

async function sayHello(client: Client, metadata: Metadata, timeoutMs: number): Promise<HelloAnswer> {
  const answer = await unaryCall(client, helloPath, Buffer.alloc(0), metadata, timeoutMs);
  return decodeHello(answer);
}

export function decodeHello(answer: Buffer): HelloAnswer {
  try {
    return HelloAnswer.decode(answer);
  } catch (error) {
    throw new ConnectError('protocol', 'What a node says of itself does not decode', { cause: error });
  }
}

function checkIdentity({ peer }: HelloAnswer, expected: PeerId | null): void {
  if (expected === null || peer === expected) return;
  throw new ConnectError('rejected', `Peer ${peer} listens there, not ${expected}`);
}
