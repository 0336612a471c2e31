/**
 * Requests to one peer over one stream: sent in the order of the calls, answered in any order. The stream is opened by
 * the first request and again after it broke; what was under way when it broke fails, for nobody knows what became of
 * it.
 */
import { ServiceError, toServiceError } from '../errors.js';
import type { PeerUnreachable } from '../replica/remote-replicas.js';
import type { PeerChannel } from './peer-channel.js';
import { RequestStream, type PendingRequest, type StreamListener } from './request-stream.js';
import { encodeRequest, type AnswerResult, type OutgoingRequest } from './shard-requests.js';

/** Bytes handed to the connection ahead of what it has sent. The rest waits here, not encoded yet. */
const aheadBytesMax = 8 * 1024 * 1024;

/**
 * Operations that may wait, in bytes; past it requests fail. Whoever writes keeps within bounds of its own, for each
 * shard: this is for what gets past them.
 */
const unsentBytesMax = 512 * 1024 * 1024;

/** Larger delays do not fit into Node's timers. */
const timeoutMsMax = 0x7fffffff;

class Request implements PendingRequest {
  readonly number: number;
  readonly message: OutgoingRequest;
  readonly timeoutMs: number;
  readonly #resolve: (result: AnswerResult) => void;
  readonly #reject: (error: Error) => void;
  readonly #timer: NodeJS.Timeout;
  isSettled = false;

  constructor(
    number: number,
    message: OutgoingRequest,
    timeoutMs: number,
    resolve: (result: AnswerResult) => void,
    reject: (error: Error) => void,
    onTimeout: (request: Request) => void,
  ) {
    this.number = number;
    this.message = message;
    this.timeoutMs = timeoutMs;
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
      this.#checkRoom(request.operation.length);
      this.#enqueue(
        new Request(number, request, waitMs, resolve, reject, (late) => {
          this.#stream?.forget(number);
          late.fail(this.#unreachable(`it did not answer within ${waitMs} ms`));
        }),
      );
    });
  }

  #checkRoom(more: number): void {
    const waiting = this.#unsentBytes;
    if (waiting === 0 || waiting + more <= unsentBytesMax) return;
    throw this.#unreachable(`it does not read what is sent to it, and ${waiting} bytes wait`);
  }

  /** Every request goes out through `#unsent`, so none can pass another. */
  #enqueue(request: Request): void {
    this.#unsent.push(request);
    this.#unsentBytes += request.message.operation.length;
    this.#pump();
  }

  #pump(): void {
    if (this.#unsent.length === 0) return;
    const stream = this.#usableStream();
    if (stream === null) {
      this.#connect();
      return;
    }
    let sent = 0;
    for (const request of this.#unsent) {
      if (stream.bufferedBytes >= aheadBytesMax) break;
      sent += 1;
      this.#unsentBytes -= request.message.operation.length;
      // One whose time is over is not sent: its caller was told that it failed.
      if (!request.isSettled) this.#send(stream, request);
    }
    this.#unsent.splice(0, sent);
  }

  #send(stream: RequestStream, request: Request): void {
    const { messageBytesMax } = this.#channel;
    const { number, message, timeoutMs } = request;
    let bytes: Buffer;
    try {
      bytes = encodeRequest({ ...message, number, timeoutMs });
    } catch (error) {
      request.fail(toServiceError(error));
      return;
    }
    if (bytes.length <= messageBytesMax) {
      stream.send(request, bytes);
      return;
    }
    const most = `more than peers take from each other (${messageBytesMax})`;
    request.fail(new ServiceError('too-large', `A message of ${bytes.length} bytes is ${most}`));
  }

  #usableStream(): RequestStream | null {
    if (this.#stream?.isUsable === true) return this.#stream;
    const { connection } = this.#channel;
    this.#stream = connection === null ? null : new RequestStream(connection, this.#path, this.#listener);
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

  readonly #listener: StreamListener = {
    written: (stream) => {
      if (stream === this.#stream) this.#pump();
    },
    broke: (stream, error) => {
      // A connection that ended tells of it itself.
      if (error !== null && stream.connection.ended === null) this.#channel.noteFailure(error);
      const failure = this.#unreachable(error?.message ?? 'it has closed the stream');
      if (this.#stream !== stream) return failure;
      this.#stream = null;
      // What waited behind it would come after a gap.
      for (const request of this.#takeUnsent()) request.fail(failure);
      return failure;
    },
  };

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
