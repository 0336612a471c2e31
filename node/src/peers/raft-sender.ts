/** Messages of Raft to one peer: batched on a stream that is opened when there is something to say. */
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { RaftDefinition } from './generated/p2p/raft.js';
import type { PeerChannel } from './peer-channel.js';
import { connectErrorOf, type PeerConnection } from './peer-connection.js';
import { encodeRaftBatch, type BatchedMessage } from './raft-messages.js';
import { RaftOutbox } from './raft-outbox.js';
import { methodPath } from '../grpc/raw-service-definition.js';

const messagesPath = methodPath(RaftDefinition, RaftDefinition.methods.messages);

/** A batch ends where it has grown to this. */
const batchBytesMax = 1024 * 1024;

/** Batches handed to the connection that it has not sent yet. What waits behind them can still be dropped. */
const batchesUnderWayMax = 2;

export interface RaftSenderOptions {
  readonly messagesMax: number;
  /** How long a message may wait. */
  readonly ageMaxMs: number;
}

interface OpenStream {
  readonly connection: PeerConnection;
  readonly stream: ClientDuplexStream<Buffer, Buffer>;
  batches: number;
}

export class RaftSender {
  readonly #channel: PeerChannel;
  readonly #outbox: RaftOutbox;
  #open: OpenStream | null = null;
  #connecting = false;

  constructor(channel: PeerChannel, { messagesMax, ageMaxMs }: RaftSenderOptions) {
    this.#channel = channel;
    this.#outbox = new RaftOutbox(messagesMax, ageMaxMs);
  }

  get dropped(): number {
    return this.#outbox.dropped;
  }

  send(messages: readonly BatchedMessage[]): void {
    this.#outbox.push(messages, performance.now());
    this.#pump();
  }

  #pump(): void {
    if (this.#outbox.length === 0) return;
    const open = this.#usableStream();
    if (open === null) {
      this.#connect();
      return;
    }
    while (open.batches < batchesUnderWayMax) {
      const batch = this.#outbox.take(batchBytesMax, performance.now());
      if (batch.length === 0) return;
      open.batches += 1;
      open.stream.write(encodeRaftBatch(batch), () => {
        open.batches -= 1;
        if (this.#open === open) this.#pump();
      });
    }
  }

  #usableStream(): OpenStream | null {
    if (this.#open?.connection.ended === null) return this.#open;
    const { connection } = this.#channel;
    this.#open = connection === null ? null : this.#openStream(connection);
    return this.#open;
  }

  #openStream(connection: PeerConnection): OpenStream {
    const stream = connection.openDuplex(messagesPath);
    const open: OpenStream = { connection, stream, batches: 0 };
    const broke = (): void => {
      if (this.#open === open) this.#open = null;
    };
    stream.on('data', () => undefined);
    stream.on('error', (error) => {
      if (connection.ended === null) this.#channel.noteFailure(connectErrorOf(error));
      broke();
    });
    stream.on('end', broke);
    return open;
  }

  #connect(): void {
    if (this.#connecting) return;
    this.#connecting = true;
    this.#channel.connect().then(
      () => {
        this.#connecting = false;
        this.#pump();
      },
      () => {
        this.#connecting = false;
        // Raft says again what is still true; what waited is from before.
        this.#outbox.clear();
      },
    );
  }
}
