/**
 * The listening socket of the server between nodes. grpc-js knows sessions only: connections that never became one, or
 * that broke while they did, it neither ends nor can wait for when it stops. So they are kept here.
 */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Peers have one connection each; the rest is for those that come back before an old one is known to be dead. */
const connectionsMax = 1024;

/** A connection on which no peer was let in by then is ended. */
const strangerMs = 10_000;

/** As grpc-js names the other end of a call. */
function nameOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}:${remotePort}`;
}

interface Connection {
  readonly socket: Socket;
  /** Null once a peer was let in. */
  timer: NodeJS.Timeout | null;
}

export class ConnectionListener {
  readonly port: number;
  readonly #server: Server;
  readonly #connections: ReadonlyMap<string, Connection>;

  private constructor(server: Server, connections: ReadonlyMap<string, Connection>) {
    this.#server = server;
    this.#connections = connections;
    this.port = (server.address() as AddressInfo).port;
  }

  /** Rejects when the port is taken. */
  static async listen(host: string, port: number, take: (socket: Socket) => void): Promise<ConnectionListener> {
    const connections = new Map<string, Connection>();
    const server = createServer({ noDelay: true }, (socket) => {
      keep(connections, socket);
      take(socket);
    });
    server.maxConnections = connectionsMax;
    server.listen(port, host);
    await once(server, 'listening');
    return new ConnectionListener(server, connections);
  }

  /** A peer was let in on the connection whose other end grpc-js calls by this name. */
  confirm(name: string): void {
    const connection = this.#connections.get(name);
    if (connection === undefined || connection.timer === null) return;
    clearTimeout(connection.timer);
    connection.timer = null;
  }

  /** Takes no new connections and ends those of strangers. Resolves when all others have ended too. */
  async stopListening(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const { socket, timer } of this.#connections.values()) if (timer !== null) socket.destroy();
    await closed;
  }

  /** Ends every connection that is left. */
  cut(): void {
    for (const { socket } of this.#connections.values()) socket.destroy();
  }
}

function keep(connections: Map<string, Connection>, socket: Socket): void {
  const name = nameOf(socket);
  const connection: Connection = { socket, timer: setTimeout(() => socket.destroy(), strangerMs) };
  connections.set(name, connection);
  socket.once('close', () => {
    if (connection.timer !== null) clearTimeout(connection.timer);
    if (connections.get(name) === connection) connections.delete(name);
  });
  // What fails on the way ends this connection, and whoever uses it hears of its end.
  socket.on('error', () => socket.destroy());
}
