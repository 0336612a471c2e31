/** One request to a node: its time, its size and its failures in the operator's words. */
import { request as httpRequest, type Agent as HttpAgent, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest, type Agent as HttpsAgent } from 'node:https';
import { QdrantError, type NodeEndpoint } from './qdrant-api.js';

export interface NodeAgents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

export interface NodeRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: string;
  readonly timeoutMs: number;
}

export interface NodeAnswer {
  readonly status: number;
  readonly text: string;
}

/** A view of 10,000 replicas has about 1 MB. */
const bodyMaxBytes = 16 * 1024 * 1024;

export function ask(
  endpoint: NodeEndpoint,
  agents: NodeAgents,
  request: NodeRequest,
  signal: AbortSignal | null,
): Promise<NodeAnswer> {
  return new Promise((resolve, reject) => {
    const { tls } = endpoint;
    const options = optionsOf(endpoint, request);
    const ca = tls?.ca ?? null;
    const secured = { servername: endpoint.serverName, ...(ca === null ? {} : { ca }) };
    const sent =
      tls === null
        ? httpRequest({ ...options, agent: agents.http })
        : httpsRequest({ ...options, ...secured, agent: agents.https });
    let reached = false;
    let connected = false;
    const fail = (error: QdrantError): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
      reject(error);
      sent.destroy();
    };
    const timer = setTimeout(() => {
      // Without a connection nothing can have had an effect.
      if (connected) fail(new QdrantError('timeout', `${endpoint.pod} did not answer in ${request.timeoutMs} ms`));
      else fail(new QdrantError('unreachable', `${endpoint.pod} takes no connection on ${endpoint.ip}`));
    }, request.timeoutMs);
    const aborted = (): void => fail(new QdrantError('timeout', `${endpoint.pod} was not waited for any longer`));
    signal?.addEventListener('abort', aborted, { once: true });
    sent.on('socket', (socket) => {
      const event = tls === null ? 'connect' : 'secureConnect';
      if (socket.connecting) {
        socket.once('connect', () => (reached = true));
        socket.once(event, () => (connected = true));
      } else connected = true;
    });
    sent.on('error', (error) => {
      const kind = tls !== null && reached && !connected ? 'untrusted' : 'unreachable';
      fail(new QdrantError(kind, `${endpoint.pod}: ${reasonOf(error)}`));
    });
    sent.on('response', (response) => {
      read(response, endpoint).then((text) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', aborted);
        resolve({ status: response.statusCode ?? 0, text });
      }, fail);
    });
    if (signal?.aborted === true) aborted();
    else sent.end(request.body);
  });
}

function optionsOf(endpoint: NodeEndpoint, { method, path, body }: NodeRequest): RequestOptions {
  return {
    host: endpoint.ip,
    port: endpoint.port,
    method,
    path,
    headers: {
      host: endpoint.serverName,
      accept: 'application/json',
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
      ...(endpoint.apiKey === null ? {} : { 'api-key': endpoint.apiKey }),
    },
  };
}

/** Rejects with a QdrantError. */
function read(response: IncomingMessage, { pod }: NodeEndpoint): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= bodyMaxBytes) chunks.push(chunk);
      else reject(new QdrantError('malformed', `${pod}: an answer of more than ${bodyMaxBytes} bytes`));
    });
    response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    response.on('error', (error) => reject(new QdrantError('unreachable', `${pod}: ${reasonOf(error)}`)));
    response.on('aborted', () => reject(new QdrantError('unreachable', `${pod}: the connection broke`)));
  });
}

function reasonOf(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  return code === null || error.message.includes(code) ? error.message : `${code}: ${error.message}`;
}
