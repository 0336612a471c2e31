/** One stream of requests to a peer, from its opening until it breaks; see `RequestLane`. */
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { ServiceError } from '../errors.js';
import type { ConnectError } from './connect-error.js';
import { decodeFailure } from './failure-encoding.js';
import { ShardAnswer } from './generated/p2p/shard.js';
import { connectErrorOf, type PeerConnection } from './peer-connection.js';
import type { AnswerResult } from './shard-requests.js';
import { SilenceWatch } from './silence-watch.js';

/** A request that somebody waits for, until it is settled. */
export interface PendingRequest {
  readonly number: number;
  readonly isSettled: boolean;
  succeed(result: AnswerResult): void;
  fail(error: Error): void;
}

export interface StreamListener {
  /** Some of what was sent has left this end. */
  written(stream: RequestStream): void;
  /** Once, when the stream can be used no more; gives the error for what was under way. */
  broke(stream: RequestStream, error: ConnectError | null): Error;
}

export class RequestStream {
  readonly connection: PeerConnection;
  readonly #stream: ClientDuplexStream<Buffer, Buffer>;
  readonly #pending = new Map<number, PendingRequest>();
  readonly #listener: StreamListener;
  readonly #silence: SilenceWatch;
  #bufferedBytes = 0;
  #broken = false;

  constructor(connection: PeerConnection, path: string, listener: StreamListener) {
    this.connection = connection;
    this.#listener = listener;
    this.#silence = new SilenceWatch(connection, () => this.#pending.size > 0);
    this.#stream = connection.openDuplex(path);
    this.#stream.on('data', (bytes: Buffer) => this.#answered(bytes));
    this.#stream.on('error', (error) => this.#break(connectErrorOf(error)));
    // Without an error: a peer that stops has answered everything that it will.
    this.#stream.on('end', () => this.#break(null));
  }

  /** Whether requests may still be sent on it. */
  get isUsable(): boolean {
    return !this.#broken && this.connection.ended === null;
  }

  /** What the peer has not read yet, as far as this end knows. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  send(request: PendingRequest, bytes: Buffer): void {
    this.#pending.set(request.number, request);
    this.#bufferedBytes += bytes.length;
    this.#silence.begin();
    this.#stream.write(bytes, () => {
      this.#bufferedBytes -= bytes.length;
      this.#listener.written(this);
    });
  }

  /** Nobody waits for the answer any more. */
  forget(number: number): void {
    this.#pending.delete(number);
  }

  #answered(bytes: Buffer): void {
    this.#silence.heard();
    let answer: ShardAnswer;
    try {
      answer = ShardAnswer.decode(bytes);
    } catch {
      this.connection.abort('An answer does not decode');
      return;
    }
    const request = this.#pending.get(answer.number);
    if (request === undefined) return;
    this.#pending.delete(answer.number);
    const { result } = answer;
    if (result === undefined) request.fail(new ServiceError('internal', 'A peer gave an answer of an unknown kind'));
    else if (result.$case === 'failure') request.fail(decodeFailure(result.value));
    else request.succeed(result);
  }

  #break(error: ConnectError | null): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#silence.end();
    const failure = this.#listener.broke(this, error);
    for (const request of this.#pending.values()) request.fail(failure);
    this.#pending.clear();
  }
}
