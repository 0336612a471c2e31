/** The way to all nodes: connections are kept while they are used, and there is a limit to their number. */
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { HttpNode } from './http-node.js';
import type { NodeEndpoint, QdrantNode, QdrantNodes } from './qdrant-api.js';
import { ReplicationFactors } from './replication-factors.js';

/** A settled cluster is asked every ten seconds: its connections live from pass to pass. */
const limits = { keepAlive: true, maxSockets: 8, maxTotalSockets: 512, maxFreeSockets: 2, timeout: 30_000 } as const;

export class HttpNodes implements QdrantNodes {
  readonly #agents = { http: new HttpAgent(limits), https: new HttpsAgent(limits) };
  readonly #factors: ReplicationFactors;

  constructor(monotonicMs: () => number) {
    this.#factors = new ReplicationFactors(monotonicMs);
  }

  at(endpoint: NodeEndpoint, signal?: AbortSignal): QdrantNode {
    return new HttpNode({ endpoint, agents: this.#agents, factors: this.#factors, signal: signal ?? null });
  }

  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }
}
