/**
 * The calls of one operator process with which it changes something, counted, so that a test can kill the process at
 * any of them, or make one fail. Of a process that is dead nothing is heard any more: no call of it ends.
 */
import type { Clock } from '../../../src/clock.js';
import { KubernetesError } from '../../../src/k8s/kubernetes-api.js';
import { QdrantError, type NodeEndpoint, type QdrantNode, type QdrantNodes } from '../../../src/qdrant/qdrant-api.js';
import type { FakeCall, Interceptor } from '../fake-kubernetes/fake-kubernetes.js';

/** What happens at a call: `before` it has an effect, or `after` it had one and before the answer comes. */
export type Mishap =
  | { readonly kind: 'killed' | 'frozen'; readonly when: 'before' | 'after' }
  | { readonly kind: 'fails'; readonly when: 'before' | 'after' }
  /** Somebody else wrote the object in between; of a node: it refuses. */
  | { readonly kind: 'conflicts' };

/** Numbers are from 1. */
export type MishapAt = (call: number) => Mishap | null;

const looking: ReadonlySet<string> = new Set(['get', 'list', 'watch']);

export class MortalCalls {
  /** What the calls were, for people. */
  readonly made: string[] = [];
  dead = false;
  /** A mishap has happened. */
  struck = false;
  readonly #mishapAt: MishapAt;
  readonly #onDeath: () => void;
  readonly #numbers = new WeakMap<FakeCall, number>();
  /** Resolves when a frozen process goes on; null: it is not frozen. */
  #thawed: Promise<void> | null = null;
  #thaw: () => void = () => undefined;

  constructor(mishapAt: MishapAt, onDeath: () => void) {
    this.#mishapAt = mishapAt;
    this.#onDeath = onDeath;
  }

  kill(): void {
    if (this.dead) return;
    this.dead = true;
    this.#onDeath();
  }

  get frozen(): boolean {
    return this.#thawed !== null;
  }

  /** As by SIGSTOP: what it waits for comes, and it does not go on. */
  freeze(): void {
    this.#thawed ??= new Promise((resolve) => (this.#thaw = resolve));
  }

  thaw(): void {
    this.#thawed = null;
    this.#thaw();
  }

  /** Where the process would go on, if it does. */
  async #awake(): Promise<void> {
    while (this.#thawed !== null) await this.#thawed;
    if (this.dead) await never();
  }

  /** For the calls to the API server. */
  get interceptor(): Interceptor {
    return {
      before: (call) => this.#beforeKubernetes(call),
      after: async (call) => {
        const number = this.#numbers.get(call);
        if (number !== undefined) await this.#after(number, kubernetesFailure);
        await this.#awake();
      },
    };
  }

  nodes(nodes: QdrantNodes): QdrantNodes {
    return { at: (endpoint, signal) => this.#node(endpoint, nodes.at(endpoint, signal)) };
  }

  clock(clock: Clock): Clock {
    return {
      nowMs: () => clock.nowMs(),
      monotonicMs: () => clock.monotonicMs(),
      sleep: async (ms, signal) => {
        try {
          await clock.sleep(ms, signal);
        } finally {
          await this.#awake();
        }
      },
    };
  }

  async #beforeKubernetes(call: FakeCall): Promise<void> {
    await this.#awake();
    // Neither takes part in what becomes of a cluster.
    if (looking.has(call.verb) || call.kind === 'Event' || call.kind === 'Lease') return;
    const name = `${call.verb} ${call.kind}${call.subresource === null ? '' : '/status'} ${call.name ?? ''}`;
    this.#numbers.set(call, this.#next(name));
    await this.#before(this.made.length, kubernetesFailure, () => new KubernetesError('conflict', 'by the test'));
  }

  #next(name: string): number {
    return this.made.push(name);
  }

  async #before(number: number, failure: () => Error, conflict: () => Error): Promise<void> {
    const mishap = this.#mishapAt(number);
    if (mishap === null || (mishap.kind !== 'conflicts' && mishap.when === 'after')) return;
    this.struck = true;
    if (mishap.kind === 'conflicts') throw conflict();
    await this.#strike(mishap.kind, failure);
  }

  async #after(number: number, failure: () => Error): Promise<void> {
    const mishap = this.#mishapAt(number);
    if (mishap === null || mishap.kind === 'conflicts' || mishap.when === 'before') return;
    this.struck = true;
    await this.#strike(mishap.kind, failure);
  }

  async #strike(kind: 'killed' | 'frozen' | 'fails', failure: () => Error): Promise<void> {
    switch (kind) {
      case 'fails':
        throw failure();
      case 'killed':
        this.kill();
        return never();
      case 'frozen':
        this.freeze();
        return this.#awake();
    }
  }

  #node(endpoint: NodeEndpoint, node: QdrantNode): QdrantNode {
    const look = async <T>(call: () => Promise<T>): Promise<T> => {
      await this.#awake();
      try {
        return await call();
      } finally {
        await this.#awake();
      }
    };
    const change = async (name: string, call: () => Promise<void>): Promise<void> => {
      await this.#awake();
      const number = this.#next(`${name} at ${endpoint.pod}`);
      await this.#before(number, qdrantFailure, () => new QdrantError('refused', 'by the test'));
      try {
        await call();
        await this.#after(number, qdrantFailure);
      } finally {
        await this.#awake();
      }
    };
    return {
      cluster: () => look(() => node.cluster()),
      ready: () => look(() => node.ready()),
      version: () => look(() => node.version()),
      collections: () => look(() => node.collections()),
      collection: (name) => look(() => node.collection(name)),
      moveShard: (move) => change('move-shard', () => node.moveShard(move)),
      replicateShard: (copy) => change('replicate-shard', () => node.replicateShard(copy)),
      abortTransfer: (transfer) => change('abort-transfer', () => node.abortTransfer(transfer)),
      dropReplica: (replica) => change('drop-replica', () => node.dropReplica(replica)),
      removePeer: (peer, options) => change('remove-peer', () => node.removePeer(peer, options)),
    };
  }
}

function kubernetesFailure(): Error {
  return new KubernetesError('unavailable', 'no answer in time, by the test');
}

function qdrantFailure(): Error {
  return new QdrantError('timeout', 'no answer in time, by the test');
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
