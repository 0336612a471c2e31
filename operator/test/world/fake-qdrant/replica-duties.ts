/** What a process does for the replicas of its peer whenever the state changes: activate, copy, recover, clean up. */
import {
  replicaOn,
  type CollectionState,
  type ShardState,
  type Transfer,
} from '../../../../node/src/metadata/metadata-state.js';
import type { MetadataOperation } from '../../../../node/src/metadata/metadata-operation.js';
import { replicaKey } from './fake-disk.js';
import type { FakeProcess } from './fake-process.js';

export class ReplicaDuties {
  readonly #process: FakeProcess;
  /** What is being done, by a key of its own; it is looked at again when it is over. */
  readonly #busy = new Set<string>();

  constructor(process: FakeProcess) {
    this.#process = process;
  }

  /** The original gives up the transfers in which it took part before it was started (reference, 5.4). */
  begin(): void {
    const { world, peer, seen } = this.#process;
    if (world.flavour !== 'original') return;
    for (const { id: collection, transfers } of seen.metadata.collections.values()) {
      for (const { id, from, to } of transfers) {
        if (from === peer || to === peer) this.#abort(collection, id, 'a peer was started again');
      }
    }
  }

  look(): void {
    const { peer, seen, options } = this.#process;
    const kept = new Set<string>();
    for (const collection of seen.metadata.collections.values()) {
      for (const shard of collection.shards) {
        const own = replicaOn(shard, peer);
        if (own === null) continue;
        kept.add(replicaKey(collection.id, shard.id));
        if (own.state === 'Initializing') this.#activate(collection, shard);
        if (own.state === 'Dead') this.#recover(collection, shard);
      }
      for (const transfer of collection.transfers) if (transfer.from === peer) this.#drive(collection, transfer);
    }
    options.disk.keepOnly(kept);
  }

  #activate(collection: CollectionState, shard: ShardState): void {
    const { peer, world } = this.#process;
    this.#once(`activate ${collection.id}/${shard.id}`, world.timing.activateMs, () => ({
      kind: 'activate-replicas',
      collection: collection.id,
      peer,
      shards: [shard.id],
    }));
  }

  #recover(collection: CollectionState, shard: ShardState): void {
    const { peer, world, consensus } = this.#process;
    this.#once(`recover ${collection.id}/${shard.id}`, world.timing.recoverMs, () => {
      const source = shard.replicas.find((other) => other.state === 'Active' && consensus?.reachable(other.peer));
      if (source === undefined) return null;
      return {
        kind: 'start-transfer',
        collection: collection.id,
        shard: shard.id,
        from: source.peer,
        to: peer,
        sync: true,
        method: 'stream_records',
      };
    });
  }

  #drive(collection: CollectionState, { id, shard, to }: Transfer): void {
    const { world, consensus, options } = this.#process;
    const key = `transfer ${collection.id}/${id}`;
    if (this.#busy.has(key)) return;
    const fate = world.nextTransferFate();
    if (fate === 'stalls') {
      this.#busy.add(key);
      return;
    }
    this.#once(key, world.timing.transferMs, () => {
      const target = consensus === null ? null : world.diskOf(consensus, to);
      if (fate === 'fails' || target === null || consensus?.reachable(to) !== true) {
        return { kind: 'abort-transfer', collection: collection.id, transfer: id, reason: 'it failed' };
      }
      const copied = target.points(collection.id, shard);
      for (const point of options.disk.points(collection.id, shard)) copied.add(point);
      return { kind: 'finish-transfer', collection: collection.id, transfer: id };
    });
  }

  #abort(collection: number, transfer: number, reason: string): void {
    this.#once(`abort ${collection}/${transfer}`, 0, () => ({ kind: 'abort-transfer', collection, transfer, reason }));
  }

  /** Proposes after a while, if it is not being done; when nothing came of it, it may be tried again. */
  #once(key: string, afterMs: number, operation: () => MetadataOperation | null): void {
    if (this.#busy.has(key)) return;
    this.#busy.add(key);
    const propose = async (): Promise<void> => {
      const { consensus } = this.#process;
      const proposed = operation();
      if (proposed !== null && consensus !== null) await consensus.propose(this.#process, proposed);
      this.#busy.delete(key);
      if (this.#process.running) this.#process.later(this.#process.world.timing.recoverMs, () => this.#process.wake());
    };
    this.#process.later(afterMs, () => void propose());
  }
}
