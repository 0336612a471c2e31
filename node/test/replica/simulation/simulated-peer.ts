/** One peer of a simulation: its disk, the process that runs on it, and the loops that a node has around a replica set. */
import { collectionById, replicaOn, updateLeader, type Transfer } from '../../../src/metadata/metadata-state.js';
import type { PeerId } from '../../../src/metadata/peer-id.js';
import { LeadershipLost } from '../../../src/replica/leadership.js';
import type { LedShard } from '../../../src/replica/led-shard.js';
import { DurableMissedWritesLedger } from '../../../src/replica/missed-writes-ledger.js';
import { ReplicaSet, type ReplicaSetLimits } from '../../../src/replica/replica-set.js';
import type { ReplicaHost } from '../../../src/replica/remote-replicas.js';
import { SimulatedConsensus, type AgreedLog } from './simulated-consensus.js';
import type { NetworkEnd, SimulatedNetwork } from './simulated-network.js';
import { ModelShard, type ModelDisk, type ModelShardOptions } from './model-shard.js';
import type { VirtualTime } from './virtual-time.js';

export interface PeerWorld {
  readonly time: VirtualTime;
  readonly log: AgreedLog;
  readonly collection: { readonly id: number; readonly name: string };
  readonly peers: readonly PeerId[];
  readonly matches: ModelShardOptions['matches'];
  readonly limits: ReplicaSetLimits;
  readonly network: () => SimulatedNetwork;
  readonly hasQuorum: (peer: PeerId) => boolean;
}

/** What survives the process. */
export interface PeerDisk extends ModelDisk {
  notes: string | null;
  /** How far the peer's metadata has come at its last snapshot: a restart sees again what came after. */
  position: number;
}

interface Process {
  readonly set: ReplicaSet;
  readonly consensus: SimulatedConsensus;
  readonly shard: ModelShard;
  readonly host: ReplicaHost;
  alive: boolean;
}

/** Small enough that a copy takes several steps between which things happen. */
const rangePoints = 4;

function forever(): Promise<never> {
  return new Promise(() => undefined);
}

export class SimulatedPeer implements NetworkEnd {
  readonly id: PeerId;
  readonly disk: PeerDisk;
  incarnation = 0;
  /** Slows its disk down: it takes writes, and answers too late. */
  slow = false;
  readonly #world: PeerWorld;
  #process: Process | null = null;

  constructor(id: PeerId, world: PeerWorld, disk: PeerDisk) {
    this.id = id;
    this.#world = world;
    this.disk = disk;
  }

  get alive(): boolean {
    return this.#process !== null;
  }

  get host(): ReplicaHost | null {
    return this.#process?.host ?? null;
  }

  get set(): ReplicaSet | null {
    return this.#process?.set ?? null;
  }

  get shard(): ModelShard | null {
    return this.#process?.shard ?? null;
  }

  poke(): void {
    this.#process?.consensus.poke();
  }

  crash(): void {
    const running = this.#process;
    if (running === null) return;
    const { time } = this.#world;
    running.alive = false;
    running.shard.kill();
    running.consensus.end();
    running.set.close();
    // Some of what it knew was in no snapshot, and is read from the log again when it starts.
    const known = running.consensus.position;
    this.disk.position = Math.max(this.disk.position, known - Math.floor(time.between(0, 3)));
    this.#process = null;
  }

  async start(): Promise<void> {
    this.incarnation += 1;
    const { time, log, collection, network, hasQuorum, limits, matches } = this.#world;
    const process: { alive: boolean } = { alive: true };
    const living = async <T>(work: () => Promise<T>): Promise<T> => {
      const result = process.alive ? await work() : await forever();
      return process.alive ? result : forever();
    };
    const diskDelay = (): Promise<void> =>
      living(() => time.pause(this.slow ? time.between(200, 900) : time.between(0.2, 4)));
    const missed = await DurableMissedWritesLedger.open({
      read: () => Promise.resolve(this.disk.notes),
      replace: (text) =>
        living(async () => {
          await time.pause(time.between(0.2, 4));
          if (process.alive) this.disk.notes = text;
        }),
    });
    const shard = new ModelShard({
      disk: this.disk,
      matches,
      diskDelay,
      applyDelay: () => living(() => time.pause(time.between(0, 1))),
    });
    const consensus = new SimulatedConsensus(this.id, { time, log, hasQuorum }, this.disk.position);
    const remote = network().remoteOf(this.id);
    let open = false;
    time.after(time.between(0, 60), () => (open = true));
    const set = new ReplicaSet({
      collection,
      shard: 0,
      metadata: consensus,
      remote,
      local: () => (open ? shard : null),
      missed,
      agreed: (batches) => Buffer.from(batches[0] ?? []),
      clock: {
        now: () => time.now(),
        after: (delayMs, work) => time.after(delayMs, () => (process.alive ? work() : undefined)),
      },
      random: time.random,
      limits,
    });
    this.#process = Object.assign(process, { set, consensus, shard, host: hostOf(set, collection.id) });
    for (const peer of this.#world.peers) {
      if (peer === this.id) continue;
      remote.missedWrites(peer, 100).then(
        (missedHere) => (process.alive && missedHere.length > 0 ? set.noteMissed() : undefined),
        () => undefined,
      );
    }
    this.#tend(this.#process);
  }

  /** What the reconciler and the transfers of a node do, every now and then. */
  #tend(running: Process): void {
    const { time } = this.#world;
    let busy = false;
    const round = (): void => {
      if (!running.alive) return;
      if (!busy) {
        busy = true;
        void this.#step(running).finally(() => (busy = false));
      }
      time.after(time.between(50, 120), round);
    };
    time.after(time.between(10, 50), round);
  }

  async #step({ set, consensus }: Process): Promise<void> {
    const collection = collectionById(consensus.state, this.#world.collection.id);
    const shard = collection?.shards[0];
    if (collection === null || shard === undefined) return;
    const { id } = collection;
    try {
      const own = replicaOn(shard, this.id);
      const busy = collection.transfers.some(({ from, to }) => from === this.id || to === this.id);
      if (own?.state === 'Dead' && !busy) {
        const from = shard.replicas.find(({ state }) => state === 'Active');
        if (from === undefined) return;
        const recovery = { shard: 0, from: from.peer, to: this.id, sync: true, method: 'stream_records' } as const;
        await consensus.propose({ kind: 'start-transfer', collection: id, ...recovery });
      }
      if (updateLeader(shard) !== this.id) return;
      const led = set.led();
      if (led === null) return;
      for (const transfer of collection.transfers) await this.#drive(led, transfer, consensus, id);
      await led.prepare();
      for (const peer of led.unverified) {
        await this.#copy(led, peer);
        led.markVerified(peer);
      }
    } catch {
      // The next round looks at what is there then.
    }
  }

  async #drive(led: LedShard, transfer: Transfer, consensus: SimulatedConsensus, collection: number): Promise<void> {
    try {
      await led.prepare();
      await this.#copy(led, transfer.to);
    } catch (error) {
      if (error instanceof LeadershipLost) throw error;
      await consensus.propose({
        kind: 'abort-transfer',
        collection,
        transfer: transfer.id,
        reason: 'a range was not taken',
      });
      return;
    }
    if (led.current && led.follows(transfer.to)) {
      await consensus.propose({ kind: 'finish-transfer', collection, transfer: transfer.id });
    }
  }

  async #copy(led: LedShard, peer: PeerId): Promise<void> {
    let after: Uint8Array | null = null;
    do after = await this.#copyRange(led, peer, after);
    while (after !== null);
  }

  /** Where the next range begins, or null. */
  async #copyRange(led: LedShard, peer: PeerId, after: Uint8Array | null): Promise<Uint8Array | null> {
    const { digest, more, last } = await led.digest({ after, to: null, limit: rangePoints });
    const to = more ? last : null;
    if (await led.isEqual(peer, { after, to }, digest).catch(() => false)) return to;
    const sent = await led.sendReplacement(peer, { after, to, limit: rangePoints });
    return sent.last ?? to;
  }
}

function hostOf(set: ReplicaSet, collection: number): ReplicaHost {
  return {
    forward: (from, target, write, options) => set.lead(from, target, write, options),
    acceptLeader: (from, target, announcement) => set.acceptLeader(from, target, announcement),
    follow: (from, target, operation, options) => set.follow(from, target, operation, options),
    replaceRange: (from, target, change) => set.replaceRange(from, target, change),
    search: (_from, target, request) => set.serveSearch(target, request),
    retrieve: (_from, target, request) => set.serveRetrieve(target, request),
    scroll: (_from, target, request) => set.serveScroll(target, request),
    count: (_from, target, request) => set.serveCount(target, request),
    info: () => Promise.reject(new Error('nobody asks for it')),
    rangeDigest: (_from, target, range) => set.serveRangeDigest(target, range),
    missedWrites: (from) => Promise.resolve(set.missedBy.has(from) ? [{ collection, shard: 0 }] : []),
  };
}
