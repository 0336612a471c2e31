/**
 * How much peers may send ahead of the reader. HTTP/2 begins with 64 KiB for a stream and for a connection, and
 * grpc-js lets clients ask for more, servers not: its HTTP/2 server, which does, is found in a field of its own.
 * Strangers keep the 64 KiB, because what they send waits in memory.
 */
import { EventEmitter } from 'node:events';
import type { ServerHttp2Session } from 'node:http2';
import type { Server } from '@grpc/grpc-js';
import { flowControlWindowBytes } from './grpc-limits.js';

export class SessionWindows {
  /** Of connections on which no peer was let in yet, by the name that grpc-js has for the other end. */
  readonly #narrow = new Map<string, ServerHttp2Session>();

  /** The server must have its connection injector by now. */
  constructor(server: Server) {
    for (const http2Server of http2ServersOf(server)) {
      http2Server.on('session', (session: ServerHttp2Session) => this.#keep(session));
    }
  }

  /** A peer was let in on the connection with this name. */
  widen(name: string): void {
    const session = this.#narrow.get(name);
    if (session === undefined) return;
    this.#narrow.delete(name);
    if (session.closed || session.destroyed) return;
    session.settings({ initialWindowSize: flowControlWindowBytes });
    session.setLocalWindowSize(flowControlWindowBytes);
  }

  #keep(session: ServerHttp2Session): void {
    const { remoteAddress, remotePort } = session.socket;
    const name = `${remoteAddress}:${remotePort}`;
    this.#narrow.set(name, session);
    session.once('close', () => {
      if (this.#narrow.get(name) === session) this.#narrow.delete(name);
    });
  }
}

function http2ServersOf(server: Server): readonly EventEmitter[] {
  const servers: unknown = Reflect.get(server, 'http2Servers');
  const found = servers instanceof Map ? [...servers.keys()].filter((each) => each instanceof EventEmitter) : [];
  if (found.length === 0) throw new Error('this version of grpc-js keeps its HTTP/2 servers elsewhere');
  return found;
}
