/** What a peer leaves on its volume. A volume that is made anew has an empty one. */
import type { PeerId } from '../../../../node/src/metadata/peer-id.js';
import type { Committed, FakeConsensus } from './fake-consensus.js';

export interface PeerData {
  readonly peer: PeerId;
  readonly consensus: FakeConsensus;
  /** The newest state that the peer has seen. */
  seen: Committed;
}

export class FakeDisk {
  readonly name: string;
  /** Set when a cluster admitted the peer, or when it began one. */
  data: PeerData | null = null;
  /** The id that was drawn at the first start; an attempt to join that failed is repeated with it. */
  drawn: PeerId | null = null;
  /** Ids of points by replica. */
  readonly #replicas = new Map<string, Set<number>>();

  constructor(name: string) {
    this.name = name;
  }

  /** What `start.sh witness` finds: the termination message of the first container. */
  witness(): string {
    return this.data === null ? 'empty' : `peer ${this.data.peer}`;
  }

  points(collection: number, shard: number): Set<number> {
    const key = replicaKey(collection, shard);
    const found = this.#replicas.get(key) ?? new Set();
    this.#replicas.set(key, found);
    return found;
  }

  has(collection: number, shard: number, point: number): boolean {
    return this.#replicas.get(replicaKey(collection, shard))?.has(point) === true;
  }

  /** Deletes the replicas that are not among these. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const key of this.#replicas.keys()) if (!keys.has(key)) this.#replicas.delete(key);
  }

  /** Everything on it is gone. */
  wipe(): void {
    this.data = null;
    this.drawn = null;
    this.#replicas.clear();
  }
}

export function replicaKey(collection: number, shard: number): string {
  return `${collection}/${shard}`;
}
