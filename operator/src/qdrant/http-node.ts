/** One node over REST. */
import type { z } from 'zod';
import {
  bannerAnswer,
  clusterAnswer,
  collectionAnswer,
  collectionsAnswer,
  errorAnswer,
  peerId,
  placementAnswer,
} from './answers.js';
import { idInBody, parseLossless, stringifyLossless } from './lossless-json.js';
import { ask, type NodeAgents, type NodeAnswer, type NodeRequest } from './node-request.js';
import {
  QdrantError,
  type ClusterView,
  type CollectionView,
  type NodeEndpoint,
  type PeerId,
  type QdrantNode,
  type ShardMove,
} from './qdrant-api.js';
import type { ReplicationFactors } from './replication-factors.js';

const readTimeoutMs = 3_000;
const changeTimeoutMs = 15_000;

/** How long the node itself waits for consensus, so that its own answer comes before our patience ends. */
const consensusTimeoutSec = 10;

/** What a node says goes into conditions and events: so much of it. */
const messageMaxChars = 500;

export interface HttpNodeParts {
  readonly endpoint: NodeEndpoint;
  readonly agents: NodeAgents;
  readonly factors: ReplicationFactors;
  readonly signal: AbortSignal | null;
}

export class HttpNode implements QdrantNode {
  readonly #parts: HttpNodeParts;

  constructor(parts: HttpNodeParts) {
    this.#parts = parts;
  }

  async cluster(): Promise<ClusterView | null> {
    return this.#shaped(clusterAnswer, this.#result(await this.#read('/cluster')));
  }

  async ready(): Promise<boolean> {
    const answer = await this.#read('/readyz');
    if (answer.status === 503) return false;
    this.#refuseBad(answer);
    return true;
  }

  async version(): Promise<string> {
    const answer = await this.#read('/');
    this.#refuseBad(answer);
    return this.#shaped(bannerAnswer, this.#json(answer)).version;
  }

  async collections(): Promise<readonly string[]> {
    const { collections } = this.#shaped(collectionsAnswer, this.#result(await this.#read('/collections')));
    return collections.map(({ name }) => name).sort();
  }

  async collection(name: string): Promise<CollectionView | null> {
    const path = `/collections/${encodeURIComponent(name)}`;
    const answer = await this.#read(`${path}/cluster`);
    if (answer.status === 404) return null;
    const placement = this.#shaped(placementAnswer, this.#result(answer));
    const { podUid } = this.#parts.endpoint;
    const replicationFactor = await this.#parts.factors.of({ podUid, collection: name, placement }, async () => {
      const info = await this.#read(path);
      return info.status === 404 ? null : this.#shaped(collectionAnswer, this.#result(info));
    });
    return replicationFactor === null ? null : { name, replicationFactor, ...placement };
  }

  async moveShard(move: ShardMove): Promise<void> {
    await this.#changeCollection(move.collection, { move_shard: this.#way(move) });
  }

  async replicateShard(copy: ShardMove): Promise<void> {
    await this.#changeCollection(copy.collection, { replicate_shard: this.#way(copy) });
  }

  async abortTransfer(transfer: ShardMove): Promise<void> {
    await this.#changeCollection(transfer.collection, { abort_transfer: this.#way(transfer) });
  }

  async dropReplica(replica: {
    readonly collection: string;
    readonly shard: number;
    readonly peer: PeerId;
  }): Promise<void> {
    const { collection, shard, peer } = replica;
    await this.#changeCollection(collection, { drop_replica: { shard_id: shard, peer_id: this.#id(peer) } });
  }

  async removePeer(peer: PeerId, { force }: { readonly force: boolean }): Promise<void> {
    const query = `timeout=${consensusTimeoutSec}${force ? '&force=true' : ''}`;
    await this.#change({ method: 'DELETE', path: `/cluster/peer/${this.#id(peer).toString()}?${query}` });
  }

  #way({ shard, from, to }: ShardMove): object {
    return { shard_id: shard, from_peer_id: this.#id(from), to_peer_id: this.#id(to) };
  }

  /** An id that is none never becomes part of a request. */
  #id(peer: PeerId): ReturnType<typeof idInBody> {
    return idInBody(this.#shaped(peerId, peer));
  }

  async #changeCollection(name: string, body: object): Promise<void> {
    const path = `/collections/${encodeURIComponent(name)}/cluster?timeout=${consensusTimeoutSec}`;
    await this.#change({ method: 'POST', path, body: stringifyLossless(body) });
  }

  async #change(request: Omit<NodeRequest, 'timeoutMs'>): Promise<void> {
    const { endpoint, agents, signal } = this.#parts;
    this.#result(await ask(endpoint, agents, { ...request, timeoutMs: changeTimeoutMs }, signal));
  }

  #read(path: string): Promise<NodeAnswer> {
    const { endpoint, agents, signal } = this.#parts;
    return ask(endpoint, agents, { method: 'GET', path, timeoutMs: readTimeoutMs }, signal);
  }

  /** What is inside of the envelope of a good answer. */
  #result(answer: NodeAnswer): unknown {
    this.#refuseBad(answer);
    const value = this.#json(answer);
    if (typeof value !== 'object' || value === null || !('result' in value)) throw this.#malformed('has no result');
    return value.result;
  }

  #refuseBad({ status, text }: NodeAnswer): void {
    if (status === 200) return;
    const message = `${this.#parts.endpoint.pod}: ${status} ${messageOf(text)}`;
    if (status === 401 || status === 403) throw new QdrantError('unauthorized', message);
    if (status === 408) throw new QdrantError('timeout', message);
    if (status >= 400 && status < 500) throw new QdrantError('refused', message);
    if (status >= 500) throw new QdrantError('failed', message);
    throw this.#malformed(`has the status ${status}`);
  }

  #json({ text }: NodeAnswer): unknown {
    try {
      return parseLossless(text);
    } catch {
      throw this.#malformed('is no JSON');
    }
  }

  #shaped<T>(schema: z.ZodType<T>, value: unknown): T {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw this.#malformed(`is not Qdrant's at ${issue?.path.join('.') ?? 'its root'}: ${issue?.message ?? ''}`);
  }

  #malformed(how: string): QdrantError {
    return new QdrantError('malformed', `${this.#parts.endpoint.pod}: an answer ${how.slice(0, messageMaxChars)}`);
  }
}

/** The node's own sentence, or the beginning of whatever it sent, on one line. */
function messageOf(text: string): string {
  let said = text.slice(0, messageMaxChars);
  try {
    const parsed = errorAnswer.safeParse(JSON.parse(text));
    if (parsed.success) said = parsed.data.status.error.slice(0, messageMaxChars);
  } catch {
    // A proxy between us and the node answers in HTML.
  }
  // eslint-disable-next-line no-control-regex -- control characters are what has to go: they would break the line
  return said.replace(/[\x00-\x1f\x7f]+/g, ' ').trim();
}
