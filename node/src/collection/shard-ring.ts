/** Which of a collection's shards a point belongs to, for operations and lists of ids as bytes. */
import type { NativeCodec, NativeRing } from '../engine/addon.js';
import { HashRing } from '../placement/hash-ring.js';

export interface OperationPart {
  readonly shard: number;
  readonly operation: Uint8Array;
}

export interface IdsPart {
  readonly shard: number;
  readonly ids: Uint8Array;
}

export class ShardRing {
  readonly #codec: NativeCodec;
  readonly #shards: readonly number[];
  readonly #first: number;
  /** Made when it is first needed: a thousand idle collections need none. */
  #ring: NativeRing | null = null;

  /** A collection of one shard never asks: it has nothing to divide. */
  constructor(codec: NativeCodec, shards: readonly number[]) {
    const [first] = shards;
    if (first === undefined) throw new RangeError('a ring needs at least one shard');
    this.#first = first;
    this.#codec = codec;
    this.#shards = shards;
  }

  /** At least one part: an operation on no points goes to the first shard, which numbers it like any other. */
  splitOperation(operation: Uint8Array): readonly OperationPart[] {
    const parts = this.#codec.splitOperation(operation, this.#nativeRing());
    return parts.length === 0 ? [{ shard: this.#first, operation }] : parts;
  }

  /** At least one part, as for operations. */
  splitIds(ids: Uint8Array): readonly IdsPart[] {
    const parts = this.#codec.splitIds(ids, this.#nativeRing());
    return parts.length === 0 ? [{ shard: this.#first, ids }] : parts;
  }

  #nativeRing(): NativeRing {
    if (this.#ring === null) {
      const { positions, shards } = new HashRing(this.#shards).table();
      this.#ring = this.#codec.makeRing(positions, shards);
    }
    return this.#ring;
  }
}
