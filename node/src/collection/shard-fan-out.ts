/** Sends a request to the shards that it concerns and makes one answer of theirs. */
import { ServiceError, toServiceError } from '../errors.js';
import type { NativeCodec, ScrollPage, ScrollRequest, SearchRequest } from '../engine/addon.js';
import { compareEncodedIds } from '../payload/point-id.js';
import { pointBatchIds } from '../query/point-batch.js';
import type { CountRequest, RetrieveRequest, ShardWrite, ShardWriteOptions } from '../replica/remote-replicas.js';
import type { ReadOptions } from '../replica/replica-reads.js';
import type { WriteResult } from '../shard/write-result.js';
import type { ShardReplicas } from './shard-replicas.js';
import type { ShardRing } from './shard-ring.js';

/** More than any shard holds, and within what every encoding of a request keeps. */
const pointsMax = 2 ** 32 - 1;

export class ShardFanOut {
  readonly #codec: NativeCodec;
  readonly #ring: ShardRing;
  readonly #shards: ReadonlyMap<number, ShardReplicas>;
  /** The one shard of a collection that has no other: nothing is divided, merged or copied for it. */
  readonly #only: ShardReplicas | null;

  constructor(codec: NativeCodec, ring: ShardRing, shards: ReadonlyMap<number, ShardReplicas>) {
    this.#codec = codec;
    this.#ring = ring;
    this.#shards = shards;
    const [first] = shards.values();
    this.#only = shards.size === 1 && first !== undefined ? first : null;
  }

  /** An operation that names its points. */
  async write(operation: Uint8Array, options: ShardWriteOptions): Promise<WriteResult> {
    if (this.#only !== null) return this.#only.write({ kind: 'operation', operation }, options);
    const parts = this.#ring.splitOperation(operation);
    return joinedWrite(
      await Promise.allSettled(
        parts.map((part) => this.#shard(part.shard).write({ kind: 'operation', operation: part.operation }, options)),
      ),
    );
  }

  /** An operation on what a filter matches: every shard finds its own points. */
  async writeEverywhere(write: ShardWrite, options: ShardWriteOptions): Promise<WriteResult> {
    if (this.#only !== null) return this.#only.write(write, options);
    return joinedWrite(await Promise.allSettled(this.#each((shard) => shard.write(write, options))));
  }

  async search(request: SearchRequest, higherIsBetter: boolean, options: ReadOptions): Promise<Buffer> {
    if (this.#only !== null) return this.#only.search(request, options);
    const { offset, limit } = request;
    // Any shard may hold all of the points before the offset, so each is asked from its best on.
    const perShard = { ...request, offset: 0, limit: Math.min(offset + limit, pointsMax) };
    const batches = await Promise.all(this.#each((shard) => shard.search(perShard, options)));
    return this.#codec.mergeScored(batches, higherIsBetter, offset, limit);
  }

  async retrieve(request: RetrieveRequest, options: ReadOptions): Promise<Buffer> {
    if (this.#only !== null) return this.#only.retrieve(request, options);
    const parts = this.#ring.splitIds(request.ids);
    const batches = await Promise.all(
      parts.map((part) => this.#shard(part.shard).retrieve({ ...request, ids: part.ids }, options)),
    );
    return batches.length === 1 && batches[0] !== undefined ? batches[0] : this.#codec.orderByIds(batches, request.ids);
  }

  async scroll(request: ScrollRequest, options: ReadOptions): Promise<ScrollPage> {
    if (this.#only !== null) return this.#only.scroll(request, options);
    const pages = await Promise.all(this.#each((shard) => shard.scroll(request, options)));
    const points = this.#codec.mergeById(
      pages.map((page) => page.points),
      request.limit,
    );
    return { points, next: firstAfterPage(pages, request.limit) };
  }

  async count(request: CountRequest, options: ReadOptions): Promise<number> {
    if (this.#only !== null) return this.#only.count(request, options);
    const counts = await Promise.all(this.#each((shard) => shard.count(request, options)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  #each<T>(ask: (shard: ShardReplicas) => Promise<T>): Promise<T>[] {
    return Array.from(this.#shards.values(), ask);
  }

  #shard(id: number): ShardReplicas {
    const found = this.#shards.get(id);
    if (found === undefined) throw new ServiceError('internal', `the collection has no shard ${id}`);
    return found;
  }
}

/** The id of the first point that did not fit the page, or null: the smallest that no shard's part of it has. */
function firstAfterPage(pages: readonly ScrollPage[], limit: number): Buffer | null {
  const ids = pages.flatMap(({ points, next }) => [...pointBatchIds(points), ...(next === null ? [] : [next])]);
  ids.sort(compareEncodedIds);
  const found = ids[limit];
  return found === undefined ? null : Buffer.from(found);
}

/**
 * Applied when all have applied it; numbered by the highest number. One that failed makes the whole fail
 * with the first error, although others keep their part: the caller writes again what may be missing.
 */
function joinedWrite(outcomes: readonly PromiseSettledResult<WriteResult>[]): WriteResult {
  const failures = outcomes.filter((outcome) => outcome.status === 'rejected');
  const [first] = failures;
  if (first !== undefined) {
    if (failures.length === outcomes.length) throw first.reason;
    const error = toServiceError(first.reason);
    throw new ServiceError(
      error.kind,
      `${failures.length} out of ${outcomes.length} shards failed to apply operation. First error captured: ${error.message}`,
      { cause: first.reason },
    );
  }
  let sequence = 0;
  let missing: string | null = null;
  let completed = true;
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') continue;
    const result = outcome.value;
    sequence = Math.max(sequence, result.sequence);
    if (result.status === 'completed') missing ??= result.missing;
    else completed = false;
  }
  return completed ? { status: 'completed', sequence, missing } : { status: 'acknowledged', sequence };
}
