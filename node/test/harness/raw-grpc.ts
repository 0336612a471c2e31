/** gRPC calls with nothing in between: bytes out, bytes or a status back. */
import { Client, credentials, Metadata, status, type ChannelCredentials, type ServiceError } from '@grpc/grpc-js';

export interface RawReply {
  readonly code: status;
  /** Empty unless the code is OK. */
  readonly bytes: Buffer;
  readonly details: string;
}

const identity = (bytes: Buffer): Buffer => bytes;

export class RawGrpcClient {
  readonly #client: Client;

  constructor(port: number, channel: ChannelCredentials = credentials.createInsecure()) {
    this.#client = new Client(`127.0.0.1:${port}`, channel, {
      'grpc.max_send_message_length': -1,
      'grpc.max_receive_message_length': -1,
      // Without its own pool a test would reuse the connection to a server that another test stopped.
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  call(
    path: string,
    request: Uint8Array = new Uint8Array(),
    headers: Readonly<Record<string, string>> = {},
    deadline = Infinity,
  ): Promise<RawReply> {
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(headers)) metadata.set(key, value);
    return new Promise((resolve) => {
      const answered = (error: ServiceError | null, bytes?: Buffer): void => {
        if (error !== null) resolve({ code: error.code, bytes: Buffer.alloc(0), details: error.details });
        else resolve({ code: status.OK, bytes: bytes ?? Buffer.alloc(0), details: '' });
      };
      this.#client.makeUnaryRequest(path, identity, identity, Buffer.from(request), metadata, { deadline }, answered);
    });
  }

  /** Every message of a server stream, until it ends or `enough` says so. */
  async watch(path: string, request: Uint8Array, enough: (messages: readonly Buffer[]) => boolean): Promise<Buffer[]> {
    const stream = this.#client.makeServerStreamRequest(path, identity, identity, Buffer.from(request));
    const messages: Buffer[] = [];
    try {
      for await (const message of stream as AsyncIterable<Buffer>) {
        messages.push(message);
        if (enough(messages)) break;
      }
    } finally {
      stream.cancel();
    }
    return messages;
  }

  /** Sends the messages of a two-way stream and gathers what comes back until the server ends it. */
  exchange(
    path: string,
    requests: readonly Uint8Array[],
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly code: status; readonly messages: readonly Buffer[] }> {
    const metadata = new Metadata();
    for (const [key, value] of Object.entries(headers)) metadata.set(key, value);
    const stream = this.#client.makeBidiStreamRequest(path, identity, identity, metadata);
    const messages: Buffer[] = [];
    return new Promise((resolve) => {
      stream.on('data', (message: Buffer) => messages.push(message));
      stream.on('error', (error: ServiceError) => resolve({ code: error.code, messages }));
      stream.on('status', ({ code }: { code: status }) => resolve({ code, messages }));
      for (const request of requests) stream.write(Buffer.from(request));
      stream.end();
    });
  }

  close(): void {
    this.#client.close();
  }
}
