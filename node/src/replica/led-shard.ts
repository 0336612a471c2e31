/** What the leader of a shard can do to make another replica hold the same: for transfers and repairs. */
import type { PeerId } from '../metadata/peer-id.js';
import { withClockTag } from '../shard/clock-tag.js';
import type { FollowerAnswer, Leadership } from './leadership.js';
import type { IdRange, RangeDigest, RemoteReplicas, ShardTarget } from './remote-replicas.js';
import type { ReplicatedShard } from './replicated-shard.js';

export interface SentRange {
  /** Points that were sent. */
  readonly count: number;
  /** Size of the message that they were sent in. */
  readonly bytes: number;
  /** Where it ended: null when the range was sent to its end. */
  readonly last: Uint8Array | null;
}

/** A range that is on its way. */
export interface PlacedRange extends SentRange {
  /** Resolves when the replica has it; rejects with RangeNotTaken. */
  readonly taken: Promise<void>;
}

/** The replica did not take a range, or does not follow this leader; it is left out or gone by now. */
export class RangeNotTaken extends Error {
  override readonly name = 'RangeNotTaken';

  constructor(peer: PeerId, cause?: unknown) {
    super(`Peer ${peer} did not take a range of points`, { cause });
  }
}

interface LedShardContext {
  readonly remote: RemoteReplicas;
  readonly digestTimeoutMs: number;
  readonly local: () => ReplicatedShard;
  readonly target: () => ShardTarget;
}

/** More than any range holds. */
const everyPoint = 2 ** 32 - 1;

/** One term of leading, seen from outside. Methods throw LeadershipLost when it is over. */
export class LedShard {
  readonly #leadership: Leadership;
  readonly #context: LedShardContext;

  constructor(leadership: Leadership, context: LedShardContext) {
    this.#leadership = leadership;
    this.#context = context;
  }

  /** Whether this term goes on. */
  get current(): boolean {
    return !this.#leadership.lost;
  }

  /**
   * Active replicas that may differ from this one, because of a leader that went away in the middle of
   * something: each is compared range by range from the first, then named to `markVerified`.
   */
  get unverified(): readonly PeerId[] {
    return this.#leadership.unverified;
  }

  markVerified(peer: PeerId): void {
    this.#leadership.markVerified(peer);
  }

  /** Whether the replica has got every write of this term since it accepted this leader: a transfer may be finished. */
  follows(peer: PeerId): boolean {
    return this.#leadership.follows(peer);
  }

  /** Resolves when all who take writes have accepted this leader, or are left out and noted as such. */
  async prepare(): Promise<void> {
    await this.#leadership.prepare(0);
    await this.#leadership.settled();
  }

  digest(range: IdRange): Promise<RangeDigest> {
    return this.#context.local().digestRange(range.after, range.to, range.limit);
  }

  /**
   * Whether the replica holds the same between `after` and `to`. The two sides need not look at the same
   * moment: the writes between are on their way, and applying them once more to what has them changes nothing.
   */
  async isEqual(peer: PeerId, range: Omit<IdRange, 'limit'>, digest: Buffer): Promise<boolean> {
    const { remote, target, digestTimeoutMs } = this.#context;
    const theirs = await remote.rangeDigest(peer, target(), { ...range, limit: everyPoint }, digestTimeoutMs);
    return !theirs.more && theirs.digest.equals(digest);
  }

  /** Whether the replica holds this many points or fewer. */
  async holdsAtMost(peer: PeerId, points: number): Promise<boolean> {
    const { remote, target, digestTimeoutMs } = this.#context;
    const range = { after: null, to: null, limit: points };
    return !(await remote.rangeDigest(peer, target(), range, digestTimeoutMs)).more;
  }

  /** Resolves when the replica has the range; throws RangeNotTaken otherwise. */
  async sendReplacement(peer: PeerId, range: IdRange): Promise<SentRange> {
    const { taken, ...sent } = await this.placeReplacement(peer, range);
    await taken;
    return sent;
  }

  /**
   * Reads the range, and puts what it holds in the place that the shard's next write would have got on
   * the replica's stream.
   */
  async placeReplacement(peer: PeerId, range: IdRange): Promise<PlacedRange> {
    const leadership = this.#leadership;
    const local = this.#context.local();
    const { answer, ...sent } = await local.inSequence(async (section) => {
      await section.caughtUp();
      const read = await local.exportRange(range.after, range.to, range.limit);
      if (!leadership.prepared(read.operation.byteLength)) await leadership.prepare(read.operation.byteLength);
      leadership.check();
      if (!leadership.follows(peer)) throw new RangeNotTaken(peer);
      // The tick keeps a replacement that was held up from undoing what came after it.
      const operation = withClockTag(read.operation, leadership.nextTag());
      const last = read.more ? read.last : null;
      const change = { after: range.after, to: last ?? range.to, operation };
      return { last, count: read.count, bytes: operation.byteLength, answer: leadership.sendReplacement(peer, change) };
    });
    const taken = this.#taken(peer, answer);
    // Whoever places several looks at one after the other.
    taken.catch(() => undefined);
    return { ...sent, taken };
  }

  async #taken(peer: PeerId, answered: Promise<FollowerAnswer>): Promise<void> {
    const answer = await answered;
    if (answer.kind === 'taken') return;
    if (answer.kind === 'gone') throw new RangeNotTaken(peer);
    this.#leadership.leaveOut([peer]);
    await this.#leadership.settled();
    throw new RangeNotTaken(peer, answer.error);
  }
}
