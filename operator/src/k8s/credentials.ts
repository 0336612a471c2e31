/** How the API server is reached and with what: as kubectl would, or as a pod does. */
import { createHash } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import type { Clock } from '../clock.js';
import { messageOf } from '../error-message.js';
import type { ApiAccess } from './api-access.js';
import { KubernetesError } from './kubernetes-api.js';

export interface Connection {
  readonly server: URL;
  readonly agent: http.Agent;
  readonly headers: http.OutgoingHttpHeaders;
  /** Basic authentication, `user:password`. */
  readonly auth: string | undefined;
}

/** Tokens of pods are replaced on disk while they are still good for minutes. */
const refreshAfterMs = 60_000;
/** A pool with room for all watches and for the passes that run side by side. */
const maxSockets = 256;
const idleSocketMs = 90_000;

export class Credentials {
  readonly #load: () => Promise<ApiAccess>;
  readonly #clock: Clock;
  #access: ApiAccess | null = null;
  #connection: Connection | null = null;
  #agent: { readonly fingerprint: string; readonly agent: http.Agent } | null = null;
  #readAtMs = 0;

  constructor(load: () => Promise<ApiAccess>, clock: Clock) {
    this.#load = load;
    this.#clock = clock;
  }

  async connection(): Promise<Connection> {
    if (this.#connection === null || this.#clock.monotonicMs() - this.#readAtMs >= refreshAfterMs) {
      this.#connection = await this.#read();
      this.#readAtMs = this.#clock.monotonicMs();
    }
    return this.#connection;
  }

  /** The server did not accept them: everything is read again from where it came from. */
  forget(): void {
    this.#access = null;
    this.#connection = null;
  }

  /** Idle connections keep no process alive, but sockets of tests should end with them. */
  close(): void {
    this.#agent?.agent.destroy();
  }

  async #read(): Promise<Connection> {
    try {
      this.#access ??= await this.#load();
      const { server, headers, options, proxied } = await this.#access.now();
      const agent = this.#agentFor(server, options, proxied);
      return { server, agent, headers, auth: options.auth ?? undefined };
    } catch (error) {
      const why = messageOf(error);
      throw new KubernetesError('unavailable', `no credentials for the API server: ${why.slice(0, 300)}`);
    }
  }

  /** The same agent as long as keys and certificates are the same: connections outlive a token. */
  #agentFor(server: URL, options: https.RequestOptions, proxied: boolean): http.Agent {
    const fingerprint = fingerprintOf(server, options);
    if (this.#agent?.fingerprint !== fingerprint) {
      this.#agent = { fingerprint, agent: newAgent(server, options, proxied) };
    }
    return this.#agent.agent;
  }
}

function newAgent(server: URL, options: https.RequestOptions, proxied: boolean): http.Agent {
  const pool = { keepAlive: true, maxSockets, timeout: idleSocketMs };
  // An agent that goes through a proxy is made by the library, which knows how.
  if (proxied && options.agent instanceof http.Agent) return options.agent;
  if (server.protocol === 'http:') return new http.Agent(pool);
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  return new https.Agent({
    ...pool,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
    ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
  });
}

function fingerprintOf(server: URL, options: https.RequestOptions): string {
  const hash = createHash('sha256');
  for (const part of [server.href, options.ca, options.cert, options.key, options.servername]) {
    hash.update(typeof part === 'string' || Buffer.isBuffer(part) ? part : JSON.stringify(part ?? null));
    hash.update('\0');
  }
  return hash.update(String(options.rejectUnauthorized)).digest('hex');
}
