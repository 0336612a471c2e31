import { FakeQdrant } from '../world/fake-qdrant/fake-qdrant.js';
import type { FakeDisk } from '../world/fake-qdrant/fake-disk.js';
import type { FakeProcess } from '../world/fake-qdrant/fake-process.js';
import { VirtualClock } from '../world/virtual-clock.js';
import { qdrantContract, type ContractCluster } from './contract.js';

const scope = 'default/contract';
const deadlineMs = 30_000;

class FakeContractCluster implements ContractCluster {
  readonly #clock = new VirtualClock();
  readonly #qdrant = new FakeQdrant(this.#clock);
  readonly #disks = new Map<number, FakeDisk>();
  readonly #processes = new Map<number, FakeProcess>();

  async start(index: number): Promise<number | null> {
    const disk = this.#disks.get(index) ?? this.#qdrant.newDisk(`disk-${index}`);
    this.#disks.set(index, disk);
    const process = this.#qdrant.startProcess({
      scope,
      podName: `node-${index}`,
      podUid: `uid-${index}`,
      ip: this.#ip(index),
      disk,
      uri: this.uri(index),
      bootstrapUris: index === 0 ? null : [this.uri(0)],
    });
    this.#processes.set(index, process);
    await this.#clock.runUntil(() => process.serving || !process.running, deadlineMs);
    return process.exit?.code ?? null;
  }

  kill(index: number): Promise<void> {
    this.#processes.get(index)?.stop();
    return Promise.resolve();
  }

  isolate(index: number): Promise<void> {
    this.#processes.get(index)?.setConnected(false);
    return Promise.resolve();
  }

  heal(): Promise<void> {
    for (const process of this.#processes.values()) process.setConnected(true);
    return Promise.resolve();
  }

  wipe(index: number): Promise<void> {
    const disk = this.#disks.get(index);
    if (disk !== undefined) this.#qdrant.destroyDisk(disk, 'fault');
    this.#disks.delete(index);
    return Promise.resolve();
  }

  node(index: number) {
    const pod = `node-${index}`;
    const endpoint = { pod, podUid: `uid-${index}`, ip: this.#ip(index), serverName: pod, port: 6333 };
    return this.#qdrant.at({ ...endpoint, tls: null, apiKey: null });
  }

  uri(index: number): string {
    return `http://node-${index}.cluster.test:6335`;
  }

  async createCollection(name: string, shape: { readonly shards: number; readonly factor: number }): Promise<void> {
    const created = await this.settled(this.#qdrant.createCollection(scope, name, shape));
    if (!created) throw new Error(`${name} was not created`);
  }

  async write(collection: string, points: readonly number[]): Promise<boolean> {
    let all = true;
    for (const point of points) all = (await this.settled(this.#qdrant.write(scope, collection, point))) && all;
    return all;
  }

  async settled<T>(promise: Promise<T>): Promise<T> {
    let over = false;
    const end = (): boolean => (over = true);
    promise.then(end, end);
    await this.#clock.runUntil(() => over, deadlineMs);
    return promise;
  }

  async until(what: string, condition: () => Promise<boolean>, seen: () => Promise<unknown>): Promise<void> {
    const endMs = this.#clock.monotonicMs() + deadlineMs;
    while (this.#clock.monotonicMs() < endMs) {
      // As with real nodes, an answer that does not come counts as a no.
      if (await condition().catch(() => false)) return;
      await this.#clock.run(20);
    }
    throw new Error(`waited for ${what}; there is ${JSON.stringify(await seen())}`);
  }

  dispose(): Promise<void> {
    for (const process of this.#qdrant.processes) process.stop();
    return Promise.resolve();
  }

  #ip(index: number): string {
    return `10.0.0.${index}`;
  }
}

qdrantContract('the simulated cluster', () => Promise.resolve(new FakeContractCluster()));
