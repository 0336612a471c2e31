/** An HTTP server that answers as a test says, and notes what it was asked. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KubeConfig } from '@kubernetes/client-node';
import type { ApiAccess } from '../../src/k8s/api-access.js';
import { kubeconfigAccess } from '../../src/k8s/load-access.js';

export interface AskedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  readonly contentType: string | undefined;
  readonly body: string;
}

export type Answer = (request: AskedRequest, response: ServerResponse, number: number) => void;

export class StubServer {
  readonly asked: AskedRequest[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(answer: Answer): Promise<StubServer> {
    const server = createServer();
    const stub = new StubServer(server);
    server.on('request', (request, response) => {
      void stub.#note(request).then((asked) => answer(asked, response, stub.asked.length));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return stub;
  }

  get url(): string {
    const address: AddressInfo | string | null = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the stub does not listen');
    return `http://127.0.0.1:${address.port}`;
  }

  access(user: object = {}): Promise<ApiAccess> {
    const config = new KubeConfig();
    // The library sends credentials over plain HTTP only where it is told not to ask for more.
    const cluster = { name: 'stub', server: this.url, skipTLSVerify: true };
    config.loadFromClusterAndUser(cluster, { name: 'user', ...user });
    return Promise.resolve(kubeconfigAccess(config));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #note(request: IncomingMessage): Promise<AskedRequest> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const url = new URL(request.url ?? '', this.url);
    const asked = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      authorization: request.headers.authorization,
      contentType: request.headers['content-type'],
      body: Buffer.concat(chunks).toString(),
    };
    this.asked.push(asked);
    return asked;
  }
}

export function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export function configMap(name: string, resourceVersion = '7'): object {
  return {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { name, namespace: 'test', uid: `uid-${name}`, resourceVersion },
  };
}

export function failure(code: number, reason: string, details: object = {}): object {
  return { kind: 'Status', status: 'Failure', code, reason, message: `it is ${reason}`, details };
}
