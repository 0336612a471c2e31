import { connect, type Socket } from 'node:net';

export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
}

interface Waiting {
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (error: Error) => void;
}

const headerEnd = Buffer.from('\r\n\r\n');

/** The bytes of a request, made once and sent many times. */
export function httpRequest(host: string, method: string, path: string, body: string): Buffer {
  const length = Buffer.byteLength(body);
  return Buffer.from(
    `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n${body}`,
  );
}

/**
 * One keep-alive connection that carries one request at a time. It reads status and content-length and nothing else, so that
 * the load generator costs little beside the node that it measures.
 */
export class HttpConnection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #waiting: Waiting | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the node closed the connection')));
  }

  static async open(host: string, port: number): Promise<HttpConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new HttpConnection(socket));
      });
    });
  }

  /** False once the node or an error has closed it, for example when it was idle for too long. */
  get usable(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  async send(request: Buffer): Promise<HttpAnswer> {
    if (this.#waiting !== null) throw new Error('a request is in flight on this connection');
    if (!this.usable) throw new Error('the connection is closed');
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
  }

  close(): void {
    this.#fail(new Error('the connection was closed'));
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const end = this.#received.indexOf(headerEnd);
    if (end < 0) return;
    const header = this.#received.toString('latin1', 0, end);
    const length = /\r\ncontent-length: *(\d+)/i.exec(header)?.[1];
    if (length === undefined) {
      this.#fail(new Error(`an answer without content-length: ${header}`));
      return;
    }
    const bodyStart = end + headerEnd.length;
    const bodyEnd = bodyStart + Number(length);
    if (this.#received.length < bodyEnd) return;
    const answer = { status: Number(header.slice(9, 12)), body: this.#received.subarray(bodyStart, bodyEnd) };
    this.#received = this.#received.subarray(bodyEnd);
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve(answer);
  }

  #fail(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(error);
    this.#socket.destroy();
  }
}
