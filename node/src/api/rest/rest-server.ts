/** The REST server: sockets, limits, keys, routing and answers. What the routes do is in `routes/`. */
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { ServiceError, toServiceError } from '../../errors.js';
import { fullAccess } from '../../service/access.js';
import type { NodeServices } from '../../service/node-services.js';
import { BodyReader } from './body.js';
import { applyCors } from './cors.js';
import { HotRoutes } from './hot-routes.js';
import type { Route } from './request.js';
import { sendAnswer, sendError, sendStatus } from './responder.js';
import { buildRouter, type Routed } from './router.js';
import type { ReloadingCertificate } from './reloading-certificate.js';

/** Requests under way at once; past it callers are told to come back before memory runs out. */
const requestsMax = 2048;

/** A whole request, body included, must arrive within this: slow senders cannot hold sockets for ever. */
const requestTimeoutMs = 300_000;

/** Longest URL that is looked at. */
const urlLengthMax = 16 * 1024;

export class RestServer {
  readonly #services: NodeServices;
  readonly #server: Server | HttpsServer;
  readonly #hot: HotRoutes;
  readonly #route: Routed;
  readonly #bodies: BodyReader;
  #underWay = 0;
  #drained: (() => void) | null = null;

  private constructor(services: NodeServices, routes: readonly Route[], certificate: ReloadingCertificate | null) {
    this.#services = services;
    this.#hot = new HotRoutes(routes);
    this.#route = buildRouter(routes);
    this.#bodies = new BodyReader(services.settings.service.max_request_size_mb * 1024 * 1024);
    const listener = (request: IncomingMessage, response: ServerResponse): void => void this.#serve(request, response);
    this.#server =
      certificate === null ? createHttpServer(listener) : createHttpsServer(certificate.current(), listener);
    if (certificate !== null) certificate.onChange((pair) => (this.#server as HttpsServer).setSecureContext(pair));
    this.#setTimeouts();
    this.#server.on('clientError', (_error: Error, socket: Socket) => {
      if (socket.writable) socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      else socket.destroy();
    });
  }

  /** Rejects when the address cannot be had. */
  static async start(
    services: NodeServices,
    routes: readonly Route[],
    certificate: ReloadingCertificate | null,
  ): Promise<RestServer> {
    const server = new RestServer(services, routes, certificate);
    const { host, http_port: port } = services.settings.service;
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', reject);
      server.#server.listen({ host, port }, () => {
        server.#server.off('error', reject);
        resolve();
      });
    });
    server.#server.on('error', (error) => services.logger.error({ err: error }, 'The REST server failed'));
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Takes no new connections; requests under way have `graceMs`, then their sockets are cut. */
  async stop(graceMs: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    if (this.#underWay > 0) {
      let timer: NodeJS.Timeout | undefined;
      await Promise.race([
        new Promise<void>((resolve) => (this.#drained = resolve)),
        new Promise<void>((resolve) => (timer = setTimeout(resolve, graceMs))),
      ]);
      clearTimeout(timer);
    }
    this.#server.closeAllConnections();
    await closed;
  }

  #setTimeouts(): void {
    const { service } = this.#services.settings;
    this.#server.keepAliveTimeout = service.http_keep_alive_timeout_sec * 1000;
    this.#server.headersTimeout = service.http_client_request_timeout_sec * 1000;
    this.#server.requestTimeout = requestTimeoutMs;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedMs = performance.now();
    let endpoint = 'unknown';
    this.#underWay += 1;
    // A socket that breaks under an answer is the caller's loss, not this process's end.
    response.on('error', () => response.destroy());
    try {
      endpoint = await this.#answer(request, response, startedMs);
    } catch (error) {
      const failure = toServiceError(error);
      if (failure.kind === 'internal')
        this.#services.logger.error({ err: error, url: request.url }, 'A request failed');
      await sendError(request, response, failure, startedMs).catch(() => response.destroy());
    } finally {
      const seconds = (performance.now() - startedMs) / 1000;
      this.#services.metrics.restAnswered(request.method ?? '', endpoint, response.statusCode, seconds);
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#drained?.();
    }
  }

  /** Resolves to the pattern of the route, for metrics. */
  async #answer(request: IncomingMessage, response: ServerResponse, startedMs: number): Promise<string> {
    if (this.#services.readiness.stopping) response.setHeader('Connection', 'close');
    if (this.#services.settings.service.enable_cors && applyCors(request, response)) return 'preflight';
    if (this.#underWay > requestsMax)
      throw new ServiceError('unavailable', `More than ${requestsMax} requests at once`);
    const url = request.url ?? '/';
    if (url.length > urlLengthMax) throw new ServiceError('format', 'The URL is too long');
    const queryStart = url.indexOf('?');
    const path = queryStart < 0 ? url : url.slice(0, queryStart);
    const found = this.#hot.match(request.method, path) ?? (await this.#route(request, response));
    if (!('route' in found)) {
      if (found.status === 405) response.setHeader('Allow', found.allow.join(', '));
      // Whether a path exists is nobody's business without a key.
      this.#services.authenticator.authenticate(header(request, 'api-key'), request.headers.authorization);
      await sendStatus(request, response, found.status, found.message, startedMs);
      return 'unknown';
    }
    const { route, params } = found;
    const access =
      route.open === true
        ? fullAccess
        : this.#services.authenticator.authenticate(header(request, 'api-key'), request.headers.authorization);
    const { body, release } = await this.#bodies.read(request);
    try {
      const query = new URLSearchParams(queryStart < 0 ? '' : url.slice(queryStart + 1));
      const routeAffinity = header(request, 'x-qdrant-route-affinity') ?? null;
      const answer = await route.handler({ access, params, query, body, routeAffinity });
      await sendAnswer(request, response, answer, startedMs);
    } catch (error) {
      const failure = toServiceError(error);
      if (failure.kind === 'internal') {
        this.#services.logger.error({ err: error, route: route.pattern }, 'A request failed');
      }
      await sendError(request, response, failure, startedMs);
    } finally {
      release();
    }
    return route.pattern;
  }
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
