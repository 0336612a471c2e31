import { rm } from 'node:fs/promises';
import { vi } from 'vitest';
import { ClusterCollection, pointOf } from '../../../e2e/harness/cluster-collection.js';
import { ports, type ClusterNode } from '../../../e2e/harness/cluster-node.js';
import { TestCluster } from '../../../e2e/harness/test-cluster.js';
import { waitUntil } from '../../../e2e/harness/waiting.js';
import { HttpNodes } from '../../src/qdrant/http-nodes.js';
import { systemClock } from '../../src/system-clock.js';
import { qdrantContract, type ContractCluster } from './contract.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

class RealContractCluster implements ContractCluster {
  readonly #cluster: TestCluster;
  readonly #nodes = new HttpNodes(() => systemClock.monotonicMs());

  constructor(cluster: TestCluster) {
    this.#cluster = cluster;
  }

  async start(index: number): Promise<number | null> {
    if (this.#cluster.nodes.length === index) await this.#cluster.prepare();
    if (this.#node(index).running) return null;
    try {
      await this.#node(index).start();
      return null;
    } catch (error) {
      const code = /"code":(\d+)/.exec(String(error))?.[1];
      if (code === undefined) throw error;
      return Number(code);
    }
  }

  async kill(index: number): Promise<void> {
    await this.#node(index).kill();
  }

  async isolate(index: number): Promise<void> {
    const others = this.#cluster.nodes.map((node) => node.index).filter((other) => other !== index);
    await this.#cluster.partition([others, [index]], { kind: 'refused' });
  }

  heal(): Promise<void> {
    return this.#cluster.heal();
  }

  async wipe(index: number): Promise<void> {
    await rm(this.#node(index).storage, { recursive: true, force: true });
  }

  node(index: number) {
    const pod = `node-${index}`;
    const endpoint = { pod, podUid: pod, ip: this.#node(index).host, serverName: pod, port: ports.rest };
    return this.#nodes.at({ ...endpoint, tls: null, apiKey: null });
  }

  uri(index: number): string {
    return this.#node(index).uri;
  }

  async createCollection(name: string, shape: { readonly shards: number; readonly factor: number }): Promise<void> {
    await new ClusterCollection(name).create(this.#anyNode(), shape);
  }

  async write(collection: string, points: readonly number[]): Promise<boolean> {
    const status = await new ClusterCollection(collection).upsert(
      this.#anyNode(),
      points.map((id) => pointOf(id)),
    );
    return status === 200;
  }

  settled<T>(promise: Promise<T>): Promise<T> {
    return promise;
  }

  until(what: string, condition: () => Promise<boolean>, seen: () => Promise<unknown>): Promise<void> {
    return waitUntil(condition, { what, shown: seen });
  }

  async dispose(): Promise<void> {
    this.#nodes.close();
    await this.#cluster.dispose();
  }

  #node(index: number): ClusterNode {
    return this.#cluster.node(index);
  }

  #anyNode(): ClusterNode {
    const [node] = this.#cluster.running;
    if (node === undefined) throw new Error('no node runs');
    return node;
  }
}

qdrantContract('a cluster of real nodes', async () => new RealContractCluster(await TestCluster.start({ nodes: 1 })));
