/**
 * Where a shard keeps what it knows of replicas that missed writes: beside its log while it is open on this
 * node. A node without the shard leads none of its writes, so it has nothing to note.
 */
import type { PeerId } from '../metadata/peer-id.js';
import { DurableMissedWritesLedger, noteFile, type MissedWritesLedger } from '../replica/missed-writes-ledger.js';

const nobody: ReadonlySet<PeerId> = new Set();

const fileName = 'failed_replicas.json';

export class ShardNotes implements MissedWritesLedger {
  #ledger: DurableMissedWritesLedger | null = null;
  /** Counts openings too, because each may bring other notes. */
  #openings = 0;

  get peers(): ReadonlySet<PeerId> {
    return this.#ledger?.peers ?? nobody;
  }

  get version(): number {
    return this.#openings + (this.#ledger?.version ?? 0);
  }

  /** Reads the notes of the shard whose folder this is. Rejects when they cannot be read: the replica may be stale. */
  async open(shardFolder: string): Promise<void> {
    const ledger = await DurableMissedWritesLedger.open(noteFile(`${shardFolder}/${fileName}`));
    this.#openings += 1 + this.version;
    this.#ledger = ledger;
  }

  close(): void {
    this.#openings = this.version + 1;
    this.#ledger = null;
  }

  notedAt(peer: PeerId): number {
    return this.#ledger?.notedAt(peer) ?? 0;
  }

  add(peers: readonly PeerId[], metadataIndex: number): Promise<void> {
    if (this.#ledger === null) return Promise.reject(new Error('the shard is not open'));
    return this.#ledger.add(peers, metadataIndex);
  }

  get ledAt(): number {
    return this.#ledger?.ledAt ?? 0;
  }

  leadsAt(metadataIndex: number): Promise<void> {
    if (this.#ledger === null) return Promise.reject(new Error('the shard is not open'));
    return this.#ledger.leadsAt(metadataIndex);
  }

  remove(peers: readonly PeerId[]): Promise<void> {
    return this.#ledger?.remove(peers) ?? Promise.resolve();
  }
}
