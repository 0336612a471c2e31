/** One HTTP request to the API server: bounded in time and size, and an error of ours however it fails. */
import http from 'node:http';
import https from 'node:https';
import { messageOf } from '../error-message.js';
import type { Connection, Credentials } from './credentials.js';
import { KubernetesError } from './kubernetes-api.js';
import { responseError } from './response-error.js';

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

const maxBodyBytes = 128 * 1024 * 1024;

/** The whole answer, parsed. */
export async function requestJson(credentials: Credentials, request: ApiRequest): Promise<unknown> {
  const deadline = new Deadline(request.timeoutMs, request.signal);
  try {
    return await parsedBody(await authorized(credentials, request, deadline.signal));
  } catch (error) {
    throw deadline.errorFor(error);
  } finally {
    deadline.clear();
  }
}

/**
 * The body as it comes, after a status of success came within the timeout. It has to be read, and ends when the signal
 * is aborted; whoever reads watches over its silence.
 */
export async function openStream(credentials: Credentials, request: ApiRequest): Promise<AsyncIterable<Uint8Array>> {
  const deadline = new Deadline(request.timeoutMs, request.signal);
  try {
    const response = await authorized(credentials, request, deadline.signal);
    deadline.stopTime();
    return chunksOf(response, deadline);
  } catch (error) {
    deadline.clear();
    throw deadline.errorFor(error);
  }
}

async function* chunksOf(response: http.IncomingMessage, deadline: Deadline): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response) if (chunk instanceof Uint8Array) yield chunk;
  } catch (error) {
    throw deadline.errorFor(error);
  } finally {
    deadline.clear();
    response.destroy();
  }
}

/** A token may have been replaced since it was read: that is tried once before it counts as refused. */
async function authorized(
  credentials: Credentials,
  request: ApiRequest,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  for (let attempt = 0; ; attempt += 1) {
    const response = await sent(await credentials.connection(), request, signal);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    const error = await refusal(response, status);
    if (status !== 401 || attempt > 0) throw error;
    credentials.forget();
  }
}

async function refusal(response: http.IncomingMessage, status: number): Promise<KubernetesError> {
  let body: unknown = null;
  try {
    body = await parsedBody(response);
  } catch {
    // A page of a proxy: its status says enough.
  }
  return responseError(status, response.headers['retry-after'], body);
}

async function sent(connection: Connection, request: ApiRequest, signal: AbortSignal): Promise<http.IncomingMessage> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await sentOnce(connection, request, signal);
    } catch (error) {
      // The server closed an idle connection just when it was taken again. Only what changes nothing is repeated.
      if (!(error instanceof StaleConnection) || request.method !== 'GET' || attempt > 0) throw error;
    }
  }
}

class StaleConnection extends Error {}

function sentOnce(connection: Connection, request: ApiRequest, signal: AbortSignal): Promise<http.IncomingMessage> {
  const { server, agent, auth } = connection;
  const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body));
  const query = new URLSearchParams(request.query).toString();
  const headers: http.OutgoingHttpHeaders = {
    ...connection.headers,
    accept: 'application/json',
    'user-agent': 'qdrant-operator',
    ...(body === undefined
      ? {}
      : { 'content-type': request.contentType ?? 'application/json', 'content-length': body.length }),
  };
  const options: https.RequestOptions = {
    ...{ method: request.method, agent, headers, signal },
    ...{ protocol: server.protocol, hostname: server.hostname.replace(/^\[|\]$/g, ''), port: server.port },
    path: `${server.pathname.replace(/\/$/, '')}${request.path}${query === '' ? '' : `?${query}`}`,
    ...(auth === undefined ? {} : { auth }),
  };
  return new Promise((resolve, reject) => {
    const outgoing = (server.protocol === 'http:' ? http : https).request(options, resolve);
    outgoing.on('error', (error) => {
      const stale = outgoing.reusedSocket && 'code' in error && error.code === 'ECONNRESET';
      reject(stale ? new StaleConnection(error.message) : error);
    });
    outgoing.end(body);
  });
}

async function parsedBody(response: http.IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > maxBodyBytes) {
      response.destroy();
      throw new KubernetesError('unavailable', `an answer is over ${maxBodyBytes} bytes`);
    }
    chunks.push(chunk);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    return value;
  } catch {
    throw new KubernetesError('unavailable', "the API server's answer is not JSON");
  }
}

/** Aborts what it is given to when the time is over or the caller does, and tells afterwards which it was. */
class Deadline {
  readonly #abort = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #timeoutMs: number;
  readonly #timer: NodeJS.Timeout;
  #over = false;
  readonly #onAbort = (): void => this.#abort.abort();

  constructor(timeoutMs: number, caller: AbortSignal | undefined) {
    this.#timeoutMs = timeoutMs;
    this.#caller = caller;
    this.#timer = setTimeout(() => {
      this.#over = true;
      this.#abort.abort();
    }, timeoutMs);
    if (caller?.aborted === true) this.#abort.abort();
    else caller?.addEventListener('abort', this.#onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  stopTime(): void {
    clearTimeout(this.#timer);
  }

  clear(): void {
    this.stopTime();
    this.#caller?.removeEventListener('abort', this.#onAbort);
  }

  errorFor(error: unknown): unknown {
    if (this.#caller?.aborted === true) return this.#caller.reason;
    if (error instanceof KubernetesError) return error;
    if (this.#over) return new KubernetesError('unavailable', `no answer within ${this.#timeoutMs} ms`);
    const why = messageOf(error);
    return new KubernetesError('unavailable', `the API server cannot be reached: ${why.slice(0, 300)}`);
  }
}
