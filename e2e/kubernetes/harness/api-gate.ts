/**
 * A proxy between an operator and the API server. It notes every request and its answer's status, kills on demand in
 * front of a write, and can keep an answer back while the request has had its effect.
 */
import {
  createServer,
  request as plainRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { request as secureRequest } from 'node:https';
import { once } from 'node:events';
import { waitUntil } from '../../harness/waiting.js';
import { kubeConfig } from './api-server.js';

export interface ApiCall {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: string;
  readonly body: string;
  /** By performance.now(). */
  readonly atMs: number;
  /** Null: not answered yet. */
  status: number | null;
}

export interface HeldAnswer {
  /** When the API server has answered, and the operator does not know it. */
  reached(): Promise<ApiCall>;
  isReached(): boolean;
  release(): void;
}

type Matcher = (call: ApiCall) => boolean;

interface Hold {
  readonly matches: Matcher;
  readonly freed: Promise<void>;
  call: ApiCall | null;
}

export class ApiGate {
  readonly calls: ApiCall[] = [];
  /** Called before a request is passed on; one that is refused gets no answer. */
  allows: Matcher = () => true;
  readonly #server: Server;
  readonly #upstream: URL;
  readonly #ca: string;
  readonly #holds: Hold[] = [];

  private constructor() {
    const cluster = kubeConfig.getCurrentCluster();
    if (cluster?.caData === undefined) throw new Error('the kubeconfig names no cluster with a CA');
    this.#upstream = new URL(cluster.server);
    this.#ca = Buffer.from(cluster.caData, 'base64').toString();
    this.#server = createServer((incoming, outgoing) => void this.#serve(incoming, outgoing));
  }

  static async open(): Promise<ApiGate> {
    const gate = new ApiGate();
    gate.#server.listen(0, '127.0.0.1');
    await once(gate.#server, 'listening');
    return gate;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the gate does not listen');
    return `http://127.0.0.1:${address.port}`;
  }

  /** Keeps back the answers of matching calls until it is released. */
  hold(matches: Matcher): HeldAnswer {
    let free: () => void = () => undefined;
    const freed = new Promise<void>((resolve) => {
      free = resolve;
    });
    const hold: Hold = { matches, freed, call: null };
    this.#holds.push(hold);
    return {
      reached: async () => {
        await waitUntil(() => hold.call !== null, {
          what: 'a call whose answer is held',
          deadlineMs: 120_000,
          pollMs: 50,
        });
        if (hold.call === null) throw new Error('no call is held');
        return hold.call;
      },
      isReached: () => hold.call !== null,
      release: () => {
        this.#holds.splice(this.#holds.indexOf(hold), 1);
        free();
      },
    };
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const [path = '', query = ''] = (incoming.url ?? '').split('?', 2);
    const body = await readBody(incoming);
    const method = incoming.method ?? 'GET';
    const call: ApiCall = { method, path, query, body, atMs: performance.now(), status: null };
    if (!this.allows(call)) {
      outgoing.destroy();
      return;
    }
    this.calls.push(call);
    const send = this.#upstream.protocol === 'https:' ? secureRequest : plainRequest;
    const upstream = send(new URL(incoming.url ?? '/', this.#upstream), {
      method,
      headers: { ...incoming.headers, host: this.#upstream.host },
      ca: this.#ca,
    });
    upstream.on('error', () => outgoing.destroy());
    outgoing.on('close', () => upstream.destroy());
    upstream.on('response', (answer) => void this.#answer(call, answer, outgoing));
    upstream.end(body);
  }

  async #answer(call: ApiCall, answer: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    call.status = answer.statusCode ?? 0;
    const hold = this.#holds.find(({ matches }) => matches(call));
    if (hold !== undefined) {
      hold.call ??= call;
      await hold.freed;
    }
    // The operator may have been killed while its answer was kept.
    if (outgoing.destroyed) return;
    outgoing.writeHead(call.status, answer.headers);
    // A watch has been answered though nothing changes yet.
    outgoing.flushHeaders();
    answer.pipe(outgoing);
    answer.on('error', () => outgoing.destroy());
  }
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  incoming.setEncoding('utf8');
  let body = '';
  for await (const chunk of incoming) body += String(chunk);
  return body;
}

/** Changes something that others see, and is not the Lease or an event. */
export function isWrite({ method, path }: ApiCall): boolean {
  return method !== 'GET' && !path.includes('/leases') && !path.includes('/events');
}

export function isLeaseWrite({ method, path }: ApiCall): boolean {
  return method !== 'GET' && path.includes('/leases');
}

/** The write that says in the status what will be done next. */
export function isStatusWrite({ method, path }: ApiCall): boolean {
  return method !== 'GET' && path.endsWith('/status') && path.includes('/qdrantclusters/');
}
