/**
 * Makes a replica hold what the leader of the shard holds: goes through the ids range by range, compares,
 * and replaces what differs; what has next to nothing gets everything. docs/internals/cluster.md ("Transfers") says why writes may go on meanwhile.
 */
import type { RangeDigest } from '../engine/addon.js';
import type { PeerId } from '../metadata/peer-id.js';
import type { LedShard, PlacedRange, SentRange } from '../replica/led-shard.js';
import { RangeSizes, type RangeSizeLimits } from './range-sizes.js';
import { checkGoesOn } from './task-end.js';

export type CopySource = Pick<LedShard, 'digest' | 'isEqual' | 'sendReplacement' | 'placeReplacement'>;

export interface CopyOptions {
  readonly peer: PeerId;
  readonly signal: AbortSignal;
  readonly limits: RangeSizeLimits;
  /** Ranges under way at a time, so that the pace is not one round trip per range. */
  readonly rangesAtOnce: number;
  /** Nothing is compared, because the replica has next to nothing: comparing reads each point once more. */
  readonly uncompared: boolean;
  /** Points that are known to be equal now. */
  readonly onProgress: (points: number) => void;
}

export interface CopyCounts {
  readonly equalRanges: number;
  readonly sentRanges: number;
  readonly sentPoints: number;
}

interface Bounds {
  readonly after: Uint8Array | null;
  readonly to: Uint8Array | null;
}

class ShardCopy {
  readonly #source: CopySource;
  readonly #options: CopyOptions;
  readonly #sizes: RangeSizes;
  readonly #running = new Set<Promise<void>>();
  #failure: { readonly error: unknown } | null = null;
  #equalRanges = 0;
  #sentRanges = 0;
  #sentPoints = 0;

  constructor(source: CopySource, options: CopyOptions) {
    this.#source = source;
    this.#options = options;
    this.#sizes = new RangeSizes(options.limits);
  }

  async run(): Promise<CopyCounts> {
    try {
      await (this.#options.uncompared ? this.#sendEverything() : this.#throughRanges());
    } finally {
      // What was begun uses the shard: it has ended before this does.
      await Promise.all(this.#running);
    }
    this.#check();
    return { equalRanges: this.#equalRanges, sentRanges: this.#sentRanges, sentPoints: this.#sentPoints };
  }

  async #throughRanges(): Promise<void> {
    let after: Uint8Array | null = null;
    for (;;) {
      await this.#turn();
      const digest: RangeDigest = await this.#source.digest({ after, to: null, limit: this.#sizes.compared });
      const to = endOf(digest);
      this.#track(this.#conform({ after, to }, digest), digest.count);
      if (to === null) return;
      after = to;
    }
  }

  /** Each range is read while those before it are on their way. */
  async #sendEverything(): Promise<void> {
    for (let after: Uint8Array | null = null; ;) {
      await this.#turn();
      const range = { after, to: null, limit: this.#sizes.sent };
      const { taken, ...sent }: PlacedRange = await this.#source.placeReplacement(this.#options.peer, range);
      this.#noteSent(sent);
      this.#track(taken, sent.count);
      if (sent.last === null) return;
      after = sent.last;
    }
  }

  /** Resolves when another range may be begun. */
  async #turn(): Promise<void> {
    while (this.#running.size >= this.#options.rangesAtOnce) await Promise.race(this.#running);
    this.#check();
  }

  #track(conforming: Promise<void>, points: number): void {
    const task = conforming
      .then(() => this.#options.onProgress(points))
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#running.delete(task));
    this.#running.add(task);
  }

  async #conform(bounds: Bounds, digest: RangeDigest): Promise<void> {
    if (await this.#isEqual(bounds, digest)) {
      this.#sizes.noteEqual();
      return;
    }
    this.#sizes.noteDifferent();
    if (digest.count <= this.#sizes.sent) await this.#send(bounds);
    else await this.#conformParts(bounds);
  }

  /** One after the other: what differs in a range that is large for a message may be a small part of it. */
  async #conformParts({ after: first, to: end }: Bounds): Promise<void> {
    let after = first;
    for (;;) {
      this.#check();
      const digest = await this.#source.digest({ after, to: end, limit: this.#sizes.sent });
      const part = { after, to: endOf(digest) ?? end };
      if (!(await this.#isEqual(part, digest))) await this.#send(part);
      if (!digest.more) return;
      after = part.to;
    }
  }

  async #isEqual(bounds: Bounds, { digest }: RangeDigest): Promise<boolean> {
    const equal = await this.#source.isEqual(this.#options.peer, bounds, digest);
    if (equal) this.#equalRanges += 1;
    return equal;
  }

  /** In pieces, when there is more by now than one message takes. */
  async #send({ after: first, to }: Bounds): Promise<void> {
    for (let after = first; ;) {
      this.#check();
      const range = { after, to, limit: this.#sizes.sent };
      const sent = await this.#source.sendReplacement(this.#options.peer, range);
      this.#noteSent(sent);
      if (sent.last === null) return;
      after = sent.last;
    }
  }

  #noteSent({ count, bytes }: SentRange): void {
    this.#sentRanges += 1;
    this.#sentPoints += count;
    this.#sizes.noteSent(count, bytes);
  }

  #check(): void {
    checkGoesOn(this.#options.signal);
    if (this.#failure !== null) throw this.#failure.error;
  }
}

/** Where the next range begins; null at the end. */
function endOf(digest: RangeDigest): Uint8Array | null {
  return digest.more ? digest.last : null;
}

/** Rejects with RangeNotTaken, LeadershipLost, TaskEnded, or what a comparison rejects with. */
export function copyShard(source: CopySource, options: CopyOptions): Promise<CopyCounts> {
  return new ShardCopy(source, options).run();
}
