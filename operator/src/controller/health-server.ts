/** The small HTTP servers for probes and for Prometheus. They only answer GET and read no bodies. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PlainAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export type Routes = Readonly<Record<string, () => PlainAnswer | Promise<PlainAnswer>>>;

/** An answer to a probe: what is wrong, or nothing. */
export function probeAnswer(problems: readonly string[]): PlainAnswer {
  return problems.length === 0
    ? { status: 200, contentType: 'text/plain; charset=utf-8', body: 'ok\n' }
    : { status: 503, contentType: 'text/plain; charset=utf-8', body: `${problems.join('\n')}\n` };
}

export class HealthServer {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Port 0: any that is free. */
  static async start(port: number, routes: Routes): Promise<HealthServer> {
    const server = createServer((request, response) => {
      answer(request, response, routes).catch(() => response.destroy());
    });
    server.requestTimeout = 5000;
    server.headersTimeout = 5000;
    server.keepAliveTimeout = 5000;
    server.maxConnections = 64;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, () => {
        server.off('error', reject);
        resolve();
      });
    });
    return new HealthServer(server);
  }

  get port(): number {
    const address: AddressInfo | string | null = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, routes: Routes): Promise<void> {
  request.resume();
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) {
    send(response, { status: 404, contentType: 'text/plain; charset=utf-8', body: 'not found\n' });
    return;
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    send(response, { status: 405, contentType: 'text/plain; charset=utf-8', body: 'only GET\n' });
    return;
  }
  send(response, await route());
}

function send(response: ServerResponse, { status, contentType, body }: PlainAnswer): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}
