/**
 * One direction of the network between two nodes: a TCP proxy that can be cut, fall silent or be slow.
 * It carries what one node sends to the other's peer port, and the answers to that.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';

export type LinkState =
  | { readonly kind: 'open'; readonly delayMs: number }
  /** Connections are reset and new ones refused, as by a host without the process. */
  | { readonly kind: 'refused' }
  /** Bytes vanish without a word, as in a partitioned network. */
  | { readonly kind: 'silent' };

const open: LinkState = { kind: 'open', delayMs: 0 };

export interface Address {
  readonly host: string;
  readonly port: number;
}

export class LinkProxy {
  readonly #listenOn: Address;
  readonly #target: Address;
  #state: LinkState = open;
  #server: Server | null = null;
  readonly #sockets = new Set<Socket>();

  private constructor(listenOn: Address, target: Address) {
    this.#listenOn = listenOn;
    this.#target = target;
  }

  static async start(listenOn: Address, target: Address): Promise<LinkProxy> {
    const proxy = new LinkProxy(listenOn, target);
    await proxy.#listen();
    return proxy;
  }

  async become(state: LinkState): Promise<void> {
    const before = this.#state;
    this.#state = state;
    switch (state.kind) {
      case 'open':
        // What was swallowed is missing from the streams, so they cannot go on.
        if (before.kind === 'silent') this.#reset();
        await this.#listen();
        break;
      case 'refused':
        await this.#close();
        break;
      case 'silent':
        await this.#listen();
        break;
    }
  }

  heal(): Promise<void> {
    return this.become(open);
  }

  stop(): Promise<void> {
    return this.#close();
  }

  async #listen(): Promise<void> {
    if (this.#server !== null) return;
    const server = createServer((socket) => this.#carry(socket));
    await new Promise<void>((listening, fail) => {
      server.once('error', fail);
      server.listen(this.#listenOn.port, this.#listenOn.host, () => {
        server.off('error', fail);
        listening();
      });
    });
    this.#server = server;
  }

  async #close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    this.#reset();
    if (server !== null) await new Promise<void>((closed) => server.close(() => closed()));
  }

  #reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
    this.#sockets.clear();
  }

  #carry(from: Socket): void {
    this.#keep(from);
    if (this.#state.kind === 'silent') {
      from.on('data', () => undefined);
      return;
    }
    const to = connect(this.#target);
    this.#keep(to);
    this.#join(from, to);
    this.#join(to, from);
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #join(from: Socket, to: Socket): void {
    from.on('data', (bytes: Buffer) => {
      const state = this.#state;
      if (state.kind !== 'open') return;
      if (state.delayMs === 0) this.#write(from, to, bytes);
      else setTimeout(() => this.#write(from, to, bytes), state.delayMs);
    });
    from.on('end', () => to.end());
    // An end that is gone without a word is gone for the other one too.
    from.on('close', () => {
      if (!to.destroyed) to.resetAndDestroy();
    });
  }

  #write(from: Socket, to: Socket, bytes: Buffer): void {
    if (to.destroyed || to.write(bytes)) return;
    from.pause();
    to.once('drain', () => from.resume());
  }
}
