/**
 * What must hold in a simulated cluster whatever its operator does: one cluster per scope, no shard without an
 * Active replica that had one, and every acknowledged point on the disk of a replica that is Active.
 */
import type { CollectionState } from '../../../../node/src/metadata/metadata-state.js';
import type { PeerId } from '../../../../node/src/metadata/peer-id.js';
import type { Committed, FakeConsensus } from './fake-consensus.js';
import type { FakeDisk } from './fake-disk.js';

export interface AcknowledgedPoint {
  readonly collection: number;
  readonly shard: number;
  readonly point: number;
}

export class Invariants {
  readonly violations: string[] = [];
  readonly #clusters = new Map<string, FakeConsensus[]>();
  readonly #allowedClusters = new Map<string, number>();
  readonly #mayLose = new Set<PeerId>();
  readonly #acknowledged = new Map<FakeConsensus, AcknowledgedPoint[]>();
  readonly #diskOf: (consensus: FakeConsensus, peer: PeerId) => FakeDisk | null;

  constructor(diskOf: (consensus: FakeConsensus, peer: PeerId) => FakeDisk | null) {
    this.#diskOf = diskOf;
  }

  /** A person agreed to a new cluster after the loss of the old one. */
  allowNewCluster(scope: string): void {
    this.#allowedClusters.set(scope, (this.#allowedClusters.get(scope) ?? 1) + 1);
  }

  /** A person agreed to lose what only this peer has. */
  allowLossOf(peer: PeerId): void {
    this.#mayLose.add(peer);
    this.#forget((consensus, point) => !this.#isThere(consensus, point, peer));
  }

  clustersOf(scope: string): readonly FakeConsensus[] {
    return this.#clusters.get(scope) ?? [];
  }

  began(scope: string, consensus: FakeConsensus): void {
    const all = [...this.clustersOf(scope), consensus];
    this.#clusters.set(scope, all);
    if (all.length > (this.#allowedClusters.get(scope) ?? 1)) {
      this.violations.push(`${scope}: peer ${consensus.first} began cluster number ${all.length}`);
    }
  }

  committed(scope: string, before: Committed, after: Committed): void {
    for (const collection of before.metadata.collections.values()) {
      const now = after.metadata.collections.get(collection.name);
      if (now?.id === collection.id) this.#checkActive(scope, collection, now);
    }
    for (const consensus of this.clustersOf(scope)) if (consensus.latest === after) this.#checkPoints(consensus);
  }

  acknowledged(consensus: FakeConsensus, point: AcknowledgedPoint): void {
    const points = this.#acknowledged.get(consensus) ?? [];
    points.push(point);
    this.#acknowledged.set(consensus, points);
  }

  /** Looks at everything; to be called at the end of a test, and after a disk was taken away. */
  check(): readonly string[] {
    for (const consensus of this.#acknowledged.keys()) this.#checkPoints(consensus);
    return this.violations;
  }

  /** Acknowledged points that no Active replica has on its disk. */
  missing(consensus: FakeConsensus): readonly AcknowledgedPoint[] {
    return (this.#acknowledged.get(consensus) ?? []).filter((point) => !this.#isThere(consensus, point));
  }

  /** What is gone now was taken by the test itself, not by the operator. */
  excuse(): void {
    this.#forget((consensus, point) => !this.#isThere(consensus, point));
  }

  #forget(lost: (consensus: FakeConsensus, point: AcknowledgedPoint) => boolean): void {
    for (const [consensus, points] of this.#acknowledged) {
      this.#acknowledged.set(
        consensus,
        points.filter((point) => !lost(consensus, point)),
      );
    }
  }

  #checkActive(scope: string, before: CollectionState, after: CollectionState): void {
    for (const { id, replicas } of before.shards) {
      const active = replicas.filter(({ state }) => state === 'Active');
      const left = after.shards[id]?.replicas.some(({ state }) => state === 'Active') === true;
      if (active.length === 0 || left || active.every(({ peer }) => this.#mayLose.has(peer))) continue;
      this.violations.push(`${scope}: ${before.name}/${id} lost its last Active replica`);
    }
  }

  #checkPoints(consensus: FakeConsensus): void {
    const missing = this.missing(consensus);
    if (missing.length === 0) return;
    this.excuse();
    const shards = new Set(missing.map(({ collection, shard }) => `${collection}/${shard}`));
    this.violations.push(`${missing.length} acknowledged points of ${[...shards].join(', ')} are on no Active replica`);
  }

  #isThere(
    consensus: FakeConsensus,
    { collection, shard, point }: AcknowledgedPoint,
    except: PeerId | null = null,
  ): boolean {
    for (const state of consensus.latest.metadata.collections.values()) {
      if (state.id !== collection) continue;
      return (
        state.shards[shard]?.replicas.some(
          (replica) =>
            replica.peer !== except &&
            replica.state === 'Active' &&
            this.#diskOf(consensus, replica.peer)?.has(collection, shard, point) === true,
        ) === true
      );
    }
    // The collection was deleted.
    return true;
  }
}
