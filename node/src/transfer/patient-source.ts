/** A leader's shard as the source of a copy to a peer that may be away for a moment. */
import type { RangeDigest } from '../engine/addon.js';
import type { PeerId } from '../metadata/peer-id.js';
import type { IdRange } from '../replica/remote-replicas.js';
import { PeerUnreachable, ReplicaRefused } from '../replica/remote-replicas.js';
import type { LedShard, PlacedRange, SentRange } from '../replica/led-shard.js';
import { awaitReplica, type AwaitReplicaOptions } from './await-replica.js';
import type { CopySource } from './copy-shard.js';
import { orEnded } from './task-end.js';

/** The target of a transfer cannot be reached, or does not follow the leader any more. */
export class TargetLost extends Error {
  override readonly name = 'TargetLost';
}

const comparisonsMax = 3;

export class PatientSource implements CopySource {
  readonly #led: LedShard;
  readonly #options: AwaitReplicaOptions;

  constructor(led: LedShard, options: AwaitReplicaOptions) {
    this.#led = led;
    this.#options = options;
  }

  digest(range: IdRange): Promise<RangeDigest> {
    return this.#led.digest(range);
  }

  /** A range that can't be compared, although the peer answers, counts as different. */
  async isEqual(peer: PeerId, range: Omit<IdRange, 'limit'>, digest: Buffer): Promise<boolean> {
    for (let comparisons = 1; ; comparisons += 1) {
      try {
        return await orEnded(this.#options.signal, this.#led.isEqual(peer, range, digest));
      } catch (error) {
        if (!(error instanceof PeerUnreachable) && !(error instanceof ReplicaRefused)) throw error;
      }
      const awaited = await awaitReplica(peer, this.#options);
      if (awaited.kind === 'away') throw new TargetLost(`peer ${peer} cannot be reached: ${awaited.reason}`);
      if (comparisons === comparisonsMax) return false;
    }
  }

  /** No when it can't be said. */
  async holdsAtMost(peer: PeerId, points: number): Promise<boolean> {
    try {
      return await orEnded(this.#options.signal, this.#led.holdsAtMost(peer, points));
    } catch (error) {
      if (error instanceof PeerUnreachable || error instanceof ReplicaRefused) return false;
      throw error;
    }
  }

  /**
   * Not given up when the task ends, because it uses the shard here. It is not repeated either: a replica that
   * did not answer it is left out of the writes by then.
   */
  sendReplacement(peer: PeerId, range: IdRange): Promise<SentRange> {
    return this.#led.sendReplacement(peer, range);
  }

  /** As sendReplacement. */
  placeReplacement(peer: PeerId, range: IdRange): Promise<PlacedRange> {
    return this.#led.placeReplacement(peer, range);
  }
}
