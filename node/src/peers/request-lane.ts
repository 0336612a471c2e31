/**
 * Requests to one peer over one stream: sent in the order of the calls, answered in any order. The stream is opened by
 * the first request and again after it broke; what was under way when it broke fails, for nobody knows what became of
 * it.
 */
import { ServiceError } from '../errors.js';
import type { PeerUnreachable } from '../replica/remote-replicas.js';
import type { ConnectError } from './connect-error.js';
import type { PeerChannel } from './peer-channel.js';
import { RequestStream, type PendingRequest } from './request-stream.js';
import { encodeRequest, type AnswerResult, type OutgoingRequest } from './shard-requests.js';

/** Bytes that may wait for the peer to read; past it requests fail until it has caught up. */
const bufferedBytesMax = 64 * 1024 * 1024;

/** Larger delays do not fit into Node's timers. */
const timeoutMsMax = 0x7fffffff;

class Request implements PendingRequest {
  readonly number: number;
  readonly bytes: Buffer;
  readonly #resolve: (result: AnswerResult) => void;
  readonly #reject: (error: Error) => void;
  readonly #timer: NodeJS.Timeout;
  isSettled = false;

  constructor(
    number: number,
    bytes: Buffer,
    timeoutMs: number,
    resolve: (result: AnswerResult) => void,
    reject: (error: Error) => void,
    onTimeout: (request: Request) => void,
  ) {
    this.number = number;
    this.bytes = bytes;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#timer = setTimeout(() => onTimeout(this), timeoutMs);
  }

  succeed(result: AnswerResult): void {
    if (this.#settle()) this.#resolve(result);
  }

  fail(error: Error): void {
    if (this.#settle()) this.#reject(error);
  }

  #settle(): boolean {
    if (this.isSettled) return false;
    this.isSettled = true;
    clearTimeout(this.#timer);
    return true;
  }
}

export class RequestLane {
  readonly #channel: PeerChannel;
  readonly #path: string;
  /** Wait for a connection, in the order of the calls. */
  #unsent: Request[] = [];
  #unsentBytes = 0;
  #stream: RequestStream | null = null;
  #connecting = false;
  #lastNumber = 0;

  constructor(channel: PeerChannel, path: string) {
    this.#channel = channel;
    this.#path = path;
  }

  /** Rejects with `PeerUnreachable`, or with what the peer's host threw. */
  call(request: OutgoingRequest, timeoutMs: number): Promise<AnswerResult> {
    const waitMs = Math.min(Math.max(1, Math.ceil(timeoutMs)), timeoutMsMax);
    this.#lastNumber += 1;
    const number = this.#lastNumber;
    return new Promise((resolve, reject) => {
      const bytes = encodeRequest({ ...request, number, timeoutMs: waitMs });
      this.#checkRoom(bytes.length);
      this.#enqueue(
        new Request(number, bytes, waitMs, resolve, reject, (late) => {
          this.#stream?.forget(number);
          late.fail(this.#unreachable(`it did not answer within ${waitMs} ms`));
        }),
      );
    });
  }

  #checkRoom(more: number): void {
    const { messageBytesMax } = this.#channel;
    if (more > messageBytesMax) {
      const message = `A message of ${more} bytes is more than peers take from each other (${messageBytesMax})`;
      throw new ServiceError('too-large', message);
    }
    const buffered = this.#unsentBytes + (this.#stream?.bufferedBytes ?? 0);
    if (buffered === 0 || buffered + more <= bufferedBytesMax) return;
    throw this.#unreachable(`it does not read what is sent to it, and ${buffered} bytes wait`);
  }

  /** Every request goes out through `#unsent`, so none can pass another. */
  #enqueue(request: Request): void {
    this.#unsent.push(request);
    this.#unsentBytes += request.bytes.length;
    this.#pump();
  }

  #pump(): void {
    const stream = this.#usableStream();
    if (stream === null) {
      this.#connect();
      return;
    }
    const unsent = this.#takeUnsent();
    // One whose time is over is not sent: its caller was told that it failed.
    for (const request of unsent) if (!request.isSettled) stream.send(request);
  }

  #usableStream(): RequestStream | null {
    if (this.#stream?.isUsable === true) return this.#stream;
    const { connection } = this.#channel;
    this.#stream =
      connection === null ? null : new RequestStream(connection, this.#path, (...broken) => this.#broke(...broken));
    return this.#stream;
  }

  #connect(): void {
    if (this.#connecting) return;
    this.#connecting = true;
    this.#channel.connect().then(
      () => {
        this.#connecting = false;
        this.#pump();
      },
      (error: unknown) => {
        this.#connecting = false;
        const failure = this.#channel.unreachable(error);
        for (const request of this.#takeUnsent()) request.fail(failure);
      },
    );
  }

  #broke(stream: RequestStream, error: ConnectError | null): Error {
    if (this.#stream === stream) this.#stream = null;
    // A connection that ended tells of it itself.
    if (error !== null && stream.connection.ended === null) this.#channel.noteFailure(error);
    return this.#unreachable(error?.message ?? 'it has closed the stream');
  }

  #takeUnsent(): Request[] {
    const unsent = this.#unsent;
    this.#unsent = [];
    this.#unsentBytes = 0;
    return unsent;
  }

  #unreachable(reason: string): PeerUnreachable {
    return this.#channel.unreachable(new Error(reason));
  }
}
