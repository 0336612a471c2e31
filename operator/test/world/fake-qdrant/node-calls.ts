/** The requests of one caller to the process behind an address, with the faults that a test injects. */
import type { CollectionState } from '../../../../node/src/metadata/metadata-state.js';
import type { MetadataOperation } from '../../../../node/src/metadata/metadata-operation.js';
import { rejectionText } from '../../../../node/src/metadata/rejection.js';
import {
  QdrantError,
  type ClusterView,
  type CollectionView,
  type NodeEndpoint,
  type QdrantNode,
  type ShardMove,
} from '../../../src/qdrant/qdrant-api.js';
import type { FakeProcess } from './fake-process.js';
import type { CallFault, CallName, FakeCall } from './faults.js';
import { clusterViewOf, collectionViewOf } from './views.js';
import { callTimeoutMs } from './timing.js';

export interface CallWorld {
  readonly version: string;
  readonly sleep: (ms: number) => Promise<void>;
  readonly processAt: (ip: string) => FakeProcess | null;
  readonly note: (pod: string, name: CallName, about: string, changes: boolean) => FakeCall;
  readonly faultOf: (call: FakeCall) => CallFault | null;
}

const changeMs = 5;

export class NodeCalls implements QdrantNode {
  readonly #endpoint: NodeEndpoint;
  readonly #world: CallWorld;

  constructor(endpoint: NodeEndpoint, world: CallWorld) {
    this.#endpoint = endpoint;
    this.#world = world;
  }

  cluster(): Promise<ClusterView | null> {
    return this.#read('cluster', '', (process) => clusterViewOf(process));
  }

  ready(): Promise<boolean> {
    return this.#read('ready', '', (process) => process.ready);
  }

  version(): Promise<string> {
    return this.#read('version', '', () => this.#world.version);
  }

  collections(): Promise<readonly string[]> {
    return this.#read('collections', '', (process) => [...process.seen.metadata.collections.keys()].sort());
  }

  collection(name: string): Promise<CollectionView | null> {
    return this.#read('collection', name, (process) => {
      const found = process.seen.metadata.collections.get(name);
      return found === undefined ? null : collectionViewOf(process, found);
    });
  }

  moveShard(move: ShardMove): Promise<void> {
    return this.#transfer('moveShard', move, false);
  }

  replicateShard(copy: ShardMove): Promise<void> {
    return this.#transfer('replicateShard', copy, true);
  }

  abortTransfer({ collection: name, shard, from, to }: ShardMove): Promise<void> {
    return this.#change('abortTransfer', `${name}/${shard} ${from} -> ${to}`, (process) => {
      const collection = collectionOf(process, name);
      const found = collection.transfers.find(
        (transfer) => transfer.shard === shard && String(transfer.from) === from && String(transfer.to) === to,
      );
      if (found === undefined) throw new QdrantError('refused', 'Not found: there is no such shard transfer');
      return { kind: 'abort-transfer', collection: collection.id, transfer: found.id, reason: 'by request' };
    });
  }

  dropReplica(replica: { readonly collection: string; readonly shard: number; readonly peer: string }): Promise<void> {
    const { collection: name, shard, peer } = replica;
    return this.#change('dropReplica', `${name}/${shard} on ${peer}`, (process) => ({
      kind: 'drop-replica',
      collection: collectionOf(process, name).id,
      shard,
      peer: Number(peer),
    }));
  }

  removePeer(peer: string, { force }: { readonly force: boolean }): Promise<void> {
    return this.#change('removePeer', `${peer}${force ? ' by force' : ''}`, () => ({
      kind: 'remove-peer',
      peer: Number(peer),
      force,
    }));
  }

  #transfer(name: 'moveShard' | 'replicateShard', { collection, shard, from, to }: ShardMove, sync: boolean) {
    return this.#change(name, `${collection}/${shard} ${from} -> ${to}`, (process) => ({
      kind: 'start-transfer',
      collection: collectionOf(process, collection).id,
      shard,
      from: Number(from),
      to: Number(to),
      sync,
      method: 'stream_records',
    }));
  }

  async #read<T>(name: CallName, about: string, answer: (process: FakeProcess) => T): Promise<T> {
    const fault = this.#world.faultOf(this.#world.note(this.#endpoint.pod, name, about, false));
    if (fault?.kind === 'failed') throw new QdrantError('failed', `${name}: an injected failure`);
    const process = this.#reached(fault);
    if (fault?.kind === 'timeout') return this.#timeout(callTimeoutMs.read);
    return answer(process);
  }

  async #change(name: CallName, about: string, operation: (process: FakeProcess) => MetadataOperation): Promise<void> {
    const fault = this.#world.faultOf(this.#world.note(this.#endpoint.pod, name, about, true));
    await this.#world.sleep(changeMs);
    const process = this.#reached(fault);
    const effect = fault === null || ('effect' in fault && fault.effect);
    if (effect) {
      const proposing = propose(process, operation(process));
      await (fault === null ? proposing : proposing.catch(() => undefined));
      if (fault === null && !process.running) throw new QdrantError('unreachable', 'The connection broke');
    }
    if (fault?.kind === 'timeout') return this.#timeout(callTimeoutMs.change);
    if (fault?.kind === 'failed') throw new QdrantError('failed', `${name}: an injected failure`);
  }

  #reached(fault: CallFault | null): FakeProcess {
    const process = this.#world.processAt(this.#endpoint.ip);
    if (process === null || !process.serving || fault?.kind === 'unreachable') {
      throw new QdrantError('unreachable', `${this.#endpoint.pod} does not answer`);
    }
    return process;
  }

  async #timeout(ms: number): Promise<never> {
    await this.#world.sleep(ms);
    throw new QdrantError('timeout', `${this.#endpoint.pod} did not answer in ${ms} ms`);
  }
}

async function propose(process: FakeProcess, operation: MetadataOperation): Promise<void> {
  const { consensus } = process;
  if (process.removed || consensus === null) {
    throw new QdrantError('failed', 'Service internal error: This peer was removed from the cluster');
  }
  const applied = await consensus.propose(process, operation);
  if (applied === null) throw new QdrantError('failed', 'Service internal error: The cluster has no leader');
  if (applied.rejection === null) return;
  throw new QdrantError('refused', `Bad request: ${rejectionText(applied.rejection)}`);
}

function collectionOf(process: FakeProcess, name: string): CollectionState {
  const found = process.seen.metadata.collections.get(name);
  if (found === undefined) throw new QdrantError('refused', `Not found: Collection \`${name}\` doesn't exist!`);
  return found;
}
