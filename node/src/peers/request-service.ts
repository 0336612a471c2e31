/** The receiving end of the request streams: asks the host in the order of each stream and answers as it is done. */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { ServiceError } from '../errors.js';
import type { PeerId } from '../metadata/peer-id.js';
import type { ReplicaHost } from '../replica/remote-replicas.js';
import { asBuffer } from './as-buffer.js';
import { withBytesField } from './bytes-field.js';
import { encodeFailure } from './failure-encoding.js';
import { ShardAnswer, ShardRequest } from './generated/p2p/shard.js';
import { ask, type AnswerResult } from './shard-requests.js';

export type RequestCall = ServerDuplexStream<Buffer, Buffer>;

/** Requests of one stream that may be under way; more are read when some of these are answered. */
const underWayMax = { requests: 1024, bytes: 64 * 1024 * 1024 };

export interface RequestServiceOptions {
  readonly host: ReplicaHost;
  readonly messageBytesMax: number;
  /** Throws a `PeerRejection` for a sender that was removed since the stream was opened. */
  readonly checkMember: (from: PeerId) => void;
  /** Ends a stream with what was thrown. */
  readonly refuse: (call: RequestCall, error: unknown) => void;
}

export class RequestService {
  readonly #options: RequestServiceOptions;
  readonly #streams = new Set<ServedStream>();
  readonly #writeStreams = new Map<PeerId, ServedStream>();

  constructor(options: RequestServiceOptions) {
    this.#options = options;
  }

  /**
   * The ordered stream of a peer. A new one takes the place of the one before it: what may still come out of an old
   * connection is older than what comes through the new one.
   */
  serveWrites(call: RequestCall, from: PeerId): void {
    this.#writeStreams.get(from)?.replace();
    const stream = this.#serve(call, from);
    this.#writeStreams.set(from, stream);
    call.once('close', () => {
      if (this.#writeStreams.get(from) === stream) this.#writeStreams.delete(from);
    });
  }

  serveQuestions(call: RequestCall, from: PeerId): void {
    this.#serve(call, from);
  }

  /** Answers what is under way and ends the streams. */
  stop(): void {
    for (const stream of this.#streams) stream.finish();
  }

  #serve(call: RequestCall, from: PeerId): ServedStream {
    const stream = new ServedStream(call, from, this.#options);
    this.#streams.add(stream);
    call.once('close', () => this.#streams.delete(stream));
    return stream;
  }
}

class ServedStream {
  readonly #call: RequestCall;
  readonly #from: PeerId;
  readonly #options: RequestServiceOptions;
  #requests = 0;
  #bytes = 0;
  #reading = true;
  #gone = false;

  constructor(call: RequestCall, from: PeerId, options: RequestServiceOptions) {
    this.#call = call;
    this.#from = from;
    this.#options = options;
    call.on('data', (bytes: Buffer) => this.#take(bytes));
    call.on('end', () => this.finish());
    call.on('cancelled', () => this.#leave());
    call.on('close', () => this.#leave());
  }

  /** Reads no more, and ends when everything is answered. */
  finish(): void {
    this.#reading = false;
    if (this.#requests === 0) this.#end();
  }

  /** Nothing of what was not begun is done any more. */
  replace(): void {
    this.#refuse(new ServiceError('unavailable', 'A newer stream of the same peer came'));
  }

  #take(bytes: Buffer): void {
    if (this.#gone || !this.#reading) return;
    let request: ShardRequest;
    try {
      this.#options.checkMember(this.#from);
      request = decodeRequest(bytes);
    } catch (error) {
      this.#refuse(error);
      return;
    }
    this.#requests += 1;
    this.#bytes += bytes.length;
    if (this.#isFull) this.#call.pause();
    const answered = (): void => this.#answered(bytes.length);
    ask(this.#options.host, this.#from, request).then(
      (result) => this.#answer(request.number, result, answered),
      (error: unknown) => this.#answer(request.number, { $case: 'failure', value: encodeFailure(error) }, answered),
    );
  }

  get #isFull(): boolean {
    return this.#requests >= underWayMax.requests || this.#bytes >= underWayMax.bytes;
  }

  #answer(number: number, result: AnswerResult, answered: () => void): void {
    if (this.#gone) {
      answered();
      return;
    }
    this.#call.write(encodeAnswer(number, result, this.#options.messageBytesMax), answered);
  }

  /** Counted when the answer has left, so that a peer that does not read its answers gets no more of them made. */
  #answered(bytes: number): void {
    this.#requests -= 1;
    this.#bytes -= bytes;
    if (this.#gone) return;
    if (!this.#reading) {
      if (this.#requests === 0) this.#end();
    } else if (!this.#isFull) {
      this.#call.resume();
    }
  }

  #refuse(error: unknown): void {
    if (this.#gone) return;
    this.#leave();
    this.#options.refuse(this.#call, error);
  }

  #end(): void {
    if (this.#gone) return;
    this.#leave();
    this.#call.end();
  }

  #leave(): void {
    this.#gone = true;
  }
}

function decodeRequest(bytes: Buffer): ShardRequest {
  try {
    return ShardRequest.decode(bytes);
  } catch (error) {
    throw new ServiceError('format', 'A request of a peer does not decode', { cause: error });
  }
}

/** Of `ShardAnswer.points`. */
const pointsField = 5;

function encodeAnswer(number: number, result: AnswerResult, bytesMax: number): Buffer {
  const bytes =
    result.$case === 'points'
      ? withBytesField(ShardAnswer.encode({ number, result: undefined }).finish(), pointsField, result.value)
      : asBuffer(ShardAnswer.encode({ number, result }).finish());
  if (bytes.length <= bytesMax) return bytes;
  const most = `more than peers take from each other (${bytesMax}): ask for less at once`;
  const failure = encodeFailure(new ServiceError('too-large', `An answer of ${bytes.length} bytes is ${most}`));
  return asBuffer(ShardAnswer.encode({ number, result: { $case: 'failure', value: failure } }).finish());
}
