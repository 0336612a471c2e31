/**
 * A cluster of real processes on this machine. Every node has an address of loopback to itself and a name;
 * it finds the others through one proxy per link, which tests cut, silence and slow down.
 */
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClusterNode, ports } from './cluster-node.js';
import { replicasOf } from './cluster-status.js';
import { LinkProxy, type LinkState } from './link-proxy.js';
import { LoopbackBlock } from './loopback-block.js';
import { waitUntil } from './waiting.js';

export interface TestClusterOptions {
  readonly nodes?: number;
  /** Settings of every node, as in the environment without the prefix. */
  readonly settings?: Readonly<Record<string, string>>;
}

const nameOf = (index: number): string => `node-${index}.cluster.test`;

const uriOf = (index: number): string => `http://${nameOf(index)}:${ports.peers}`;

export class TestCluster {
  readonly nodes: ClusterNode[] = [];
  readonly #block: LoopbackBlock;
  readonly #folder: string;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #links = new Map<string, LinkProxy>();
  readonly #moves: number[] = [];

  private constructor(block: LoopbackBlock, folder: string, settings: Readonly<Record<string, string>>) {
    this.#block = block;
    this.#folder = folder;
    this.#settings = settings;
  }

  /** Resolves when all nodes are voters and agree on the leader. */
  static async start({ nodes = 3, settings = {} }: TestClusterOptions = {}): Promise<TestCluster> {
    const folder = await mkdtemp(join(tmpdir(), 'vdb-cluster-'));
    const cluster = new TestCluster(await LoopbackBlock.claim(), folder, settings);
    try {
      for (let index = 0; index < nodes; index += 1) await cluster.add();
      await cluster.formed();
    } catch (error) {
      await cluster.dispose();
      throw error;
    }
    return cluster;
  }

  node(index: number): ClusterNode {
    const found = this.nodes[index];
    if (found === undefined) throw new RangeError(`there is no node ${index}`);
    return found;
  }

  get running(): readonly ClusterNode[] {
    return this.nodes.filter((node) => node.running);
  }

  /** One more node, started and joining. */
  async add(settings: Readonly<Record<string, string>> = {}): Promise<ClusterNode> {
    const node = await this.prepare(settings);
    await node.start();
    return node;
  }

  /** One more node, with links to and from all others, not yet started. */
  async prepare(settings: Readonly<Record<string, string>> = {}): Promise<ClusterNode> {
    const index = this.nodes.length;
    const folder = join(this.#folder, `node-${index}`);
    await mkdir(folder, { recursive: true });
    this.#moves.push(0);
    const node = new ClusterNode({
      index,
      host: this.#block.node(index, 0),
      folder,
      uri: uriOf(index),
      bootstrap: index === 0 ? null : uriOf(0),
      namesFile: this.#namesFile(index),
      settings: { ...this.#settings, ...settings },
    });
    this.nodes.push(node);
    for (const other of this.nodes) {
      if (other === node) continue;
      await this.#connect(other.index, index);
      await this.#connect(index, other.index);
    }
    for (const { index: from } of this.nodes) await this.#writeNames(from);
    return node;
  }

  /** What `from` sends to `to`, and the answers to that. */
  link(from: number, to: number): LinkProxy {
    const found = this.#links.get(`${from}>${to}`);
    if (found === undefined) throw new RangeError(`there is no link from ${from} to ${to}`);
    return found;
  }

  /** Nodes of different groups do not reach each other; a node in no group reaches nobody. */
  async partition(groups: readonly (readonly number[])[], state: LinkState = { kind: 'silent' }): Promise<void> {
    const together = (a: number, b: number): boolean => groups.some((group) => group.includes(a) && group.includes(b));
    await this.#eachLink((from, to, link) => (together(from, to) ? link.heal() : link.become(state)));
  }

  async heal(): Promise<void> {
    await this.#eachLink((_from, _to, link) => link.heal());
  }

  /** The stopped node serves on another address from its next start on, and its name leads there. */
  async move(index: number): Promise<void> {
    this.#moves[index] = (this.#moves[index] ?? 0) + 1;
    this.node(index).moveTo(this.#block.node(index, this.#moves[index]));
    for (const { index: other } of this.nodes) {
      if (other === index) continue;
      await this.link(other, index).stop();
      await this.#connect(other, index);
    }
    for (const { index: from } of this.nodes) await this.#writeNames(from);
  }

  /** Resolves when every running node is a voter and they agree on the leader. */
  async formed(deadlineMs = 30_000): Promise<void> {
    await waitUntil(
      async () => {
        const states = await Promise.all(this.running.map((node) => node.cluster()));
        const leader = states[0]?.raft_info.leader ?? null;
        return (
          leader !== null &&
          states.every(
            ({ raft_info: raft, peers }) =>
              raft.leader === leader && raft.is_voter && Object.keys(peers).length >= states.length,
          )
        );
      },
      {
        what: 'the nodes to form a cluster',
        deadlineMs,
        shown: () => Promise.all(this.running.map((node) => node.cluster().catch(String))),
      },
    );
  }

  /** The node that leads consensus by the view of `from`, or the first that runs. */
  async leader(from: ClusterNode | undefined = this.running[0]): Promise<ClusterNode> {
    const wanted = (await from?.cluster())?.raft_info.leader;
    for (const node of this.running) if ((await node.peerId()) === wanted) return node;
    throw new Error('there is no leader among the running nodes');
  }

  /** Resolves when every running node sees all replicas of the collection Active and no transfer. */
  async allActive(collection: string, deadlineMs = 30_000): Promise<void> {
    const views = () => Promise.all(this.running.map((node) => node.collection(collection)));
    await waitUntil(
      async () =>
        (await views()).every(
          (view) => view.shard_transfers.length === 0 && replicasOf(view).every(({ state }) => state === 'Active'),
        ),
      {
        what: `all replicas of ${collection} to be Active`,
        deadlineMs,
        shown: async () => Promise.all(this.running.map((node) => node.collection(collection).catch(String))),
      },
    );
  }

  async dispose(): Promise<void> {
    await Promise.all(this.running.map((node) => node.kill()));
    await Promise.all([...this.#links.values()].map((link) => link.stop()));
    await this.#block.release();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #connect(from: number, to: number): Promise<void> {
    const listenOn = { host: this.#linkHost(from, to), port: ports.peers };
    const target = { host: this.node(to).host, port: ports.peers };
    this.#links.set(`${from}>${to}`, await LinkProxy.start(listenOn, target));
  }

  async #eachLink(act: (from: number, to: number, link: LinkProxy) => Promise<void>): Promise<void> {
    await Promise.all(
      [...this.#links].map(([key, link]) => {
        const [from = 0, to = 0] = key.split('>').map(Number);
        return act(from, to, link);
      }),
    );
  }

  #linkHost(from: number, to: number): string {
    return this.#block.link(from, to, this.#moves[to] ?? 0);
  }

  #namesFile(index: number): string {
    return join(this.#folder, `names-${index}.json`);
  }

  /** Who `from` finds under which name: the others behind their links, itself directly. */
  async #writeNames(from: number): Promise<void> {
    const names = Object.fromEntries(
      this.nodes.map(({ index, host }) => [nameOf(index), index === from ? host : this.#linkHost(from, index)]),
    );
    const path = this.#namesFile(from);
    await writeFile(`${path}.new`, JSON.stringify(names));
    await rename(`${path}.new`, path);
  }
}
