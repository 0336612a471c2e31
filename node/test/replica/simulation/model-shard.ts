/**
 * A shard in memory that behaves as LocalShard does: one section, a log whose end a crash takes away, and
 * operations that are applied in order when they are durable. node/test/replica/model-shard.test.ts holds
 * it to that.
 */
import type { RangeDigest, RangeExport, ScrollPage } from '../../../src/engine/addon.js';
import { EngineError } from '../../../src/engine/engine-error.js';
import { encodeIdsBlock, encodePointId } from '../../../src/payload/point-id.js';
import type { ReplicatedShard } from '../../../src/replica/replicated-shard.js';
import { readClockTag } from '../../../src/shard/clock-tag.js';
import { ExclusiveSection } from '../../../src/shard/exclusive-section.js';
import type { ShardReader, WriteOptions, WriteResult } from '../../../src/shard/write-result.js';
import type { Appended, WriteSection } from '../../../src/shard/write-section.js';
import { applyOperation, decodeOperation, encodeOperation, type ModelPayload } from './model-operations.js';

/** What is on the disk of one peer for one shard. */
export interface ModelDisk {
  readonly log: Uint8Array[];
}

export interface ModelShardOptions {
  readonly disk: ModelDisk;
  /** Which points a filter program matches. */
  readonly matches: (filter: Uint8Array, payload: ModelPayload, id: number) => boolean;
  /** Resolves after the time that the disk takes; never when the process was killed. */
  readonly diskDelay: () => Promise<void>;
  readonly applyDelay: () => Promise<void>;
}

const never = (): Promise<never> => new Promise(() => undefined);

export class ModelShard implements ReplicatedShard {
  readonly #options: ModelShardOptions;
  readonly #section = new ExclusiveSection();
  readonly #points = new Map<number, ModelPayload>();
  readonly #ticks = new Map<number, number>();
  /** Appended, on the disk or not yet. */
  readonly #log: Uint8Array[];
  #durable: Promise<void> = Promise.resolve();
  #applied: Promise<void> = Promise.resolve();
  #killed = false;

  constructor(options: ModelShardOptions) {
    this.#options = options;
    this.#log = [...options.disk.log];
    for (const operation of this.#log) this.#take(operation);
  }

  /** What was not on the disk is lost, and nothing that waits goes on. */
  kill(): void {
    this.#killed = true;
  }

  get points(): ReadonlyMap<number, ModelPayload> {
    return this.#points;
  }

  get operations(): readonly Uint8Array[] {
    return this.#log;
  }

  newestTick(peer: number): number {
    return this.#ticks.get(peer) ?? 0;
  }

  async write(operation: Uint8Array, options: WriteOptions): Promise<WriteResult> {
    const appended = await this.inSequence((section) => Promise.resolve(section.append(operation)));
    return appended.answer(options);
  }

  async writeResolved(
    filter: Uint8Array,
    build: (ids: Buffer) => Uint8Array,
    options: WriteOptions,
  ): Promise<WriteResult> {
    const appended = await this.inSequence(async (section) => {
      const reader = await section.caughtUp();
      return section.append(build(await reader.resolve(filter)));
    });
    return appended.answer(options);
  }

  inSequence<T>(body: (section: WriteSection) => Promise<T>): Promise<T> {
    return this.#section.run(() =>
      this.#killed
        ? never()
        : body({
            caughtUp: async () => {
              await this.#applied;
              return this.#reader();
            },
            room: () => Promise.resolve(),
            append: (operation) => this.#append(operation),
          }),
    );
  }

  #append(operation: Uint8Array): Appended {
    if (this.#killed) throw new EngineError('CLOSED', 'the process is gone');
    const tag = readClockTag(operation);
    if (tag !== null) this.#ticks.set(tag.peer, Math.max(tag.tick, this.newestTick(tag.peer)));
    this.#log.push(operation);
    const sequence = this.#log.length;
    const durable = this.#durable.then(async () => {
      await this.#options.diskDelay();
      if (this.#killed) return never();
      this.#options.disk.log.push(operation);
      return undefined;
    });
    this.#durable = durable;
    const missing = Promise.all([durable, this.#applied]).then(async () => {
      await this.#options.applyDelay();
      return this.#killed ? never() : this.#take(operation);
    });
    this.#applied = missing.then(() => undefined);
    const answer = async ({ wait }: WriteOptions): Promise<WriteResult> => {
      await durable;
      if (!wait) return { status: 'acknowledged', sequence };
      return { status: 'completed', sequence, missing: await missing };
    };
    return { sequence, answer };
  }

  /** The id that it names and that is not there, where that is an error. */
  #take(operation: Uint8Array): string | null {
    const tag = readClockTag(operation);
    if (tag !== null) this.#ticks.set(tag.peer, Math.max(tag.tick, this.newestTick(tag.peer)));
    const decoded = decodeOperation(operation);
    if (decoded === null) return null;
    let missing: number | undefined;
    if (decoded.kind !== 'upsert' && decoded.kind !== 'delete') {
      missing = decoded.ids.find((id) => !this.#points.has(id));
    }
    applyOperation(this.#points, decoded);
    return missing === undefined ? null : String(missing);
  }

  #reader(): ShardReader {
    return {
      resolve: (filter) => {
        const ids = this.#ids(null, null).filter((id) => this.#options.matches(filter, this.#points.get(id) ?? {}, id));
        return Promise.resolve(encodeIdsBlock(ids.map(BigInt)));
      },
      search: () => this.search(),
      retrieve: () => this.retrieve(),
      scroll: () => this.scroll(),
      count: () => this.count(),
    };
  }

  search(): Promise<Buffer> {
    return this.retrieve();
  }

  /** Everything, as JSON. */
  retrieve(): Promise<Buffer> {
    return Promise.resolve(this.#contents(this.#ids(null, null)));
  }

  scroll(): Promise<ScrollPage> {
    return Promise.resolve({ points: this.#contents(this.#ids(null, null)), next: null });
  }

  count(): Promise<number> {
    return Promise.resolve(this.#points.size);
  }

  exportRange(after: Uint8Array | null, to: Uint8Array | null, limit: number): Promise<RangeExport> {
    const { ids, last, more } = this.#page(after, to, limit);
    const points = ids.map((id) => ({ id, payload: this.#points.get(id) ?? {} }));
    return Promise.resolve({ operation: encodeOperation({ kind: 'upsert', points }), count: ids.length, last, more });
  }

  digestRange(after: Uint8Array | null, to: Uint8Array | null, limit: number): Promise<RangeDigest> {
    const { ids, last, more } = this.#page(after, to, limit);
    return Promise.resolve({ digest: this.#contents(ids), count: ids.length, last, more });
  }

  idsInRange(after: Uint8Array | null, to: Uint8Array | null): Promise<Buffer> {
    return Promise.resolve(encodeIdsBlock(this.#ids(after, to).map(BigInt)));
  }

  #page(
    after: Uint8Array | null,
    to: Uint8Array | null,
    limit: number,
  ): { readonly ids: readonly number[]; readonly last: Buffer | null; readonly more: boolean } {
    const all = this.#ids(after, to);
    const ids = all.slice(0, limit);
    const last = ids.at(-1);
    return { ids, last: last === undefined ? null : encodePointId(BigInt(last)), more: all.length > ids.length };
  }

  #ids(after: Uint8Array | null, to: Uint8Array | null): number[] {
    const low = after === null ? -1 : idOf(after);
    const high = to === null ? Infinity : idOf(to);
    return [...this.#points.keys()].filter((id) => id > low && id <= high).sort((a, b) => a - b);
  }

  /** Keys in order, so that equal contents are equal bytes. */
  #contents(ids: readonly number[]): Buffer {
    const rows = ids.map((id) => [id, Object.entries(this.#points.get(id) ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))]);
    return Buffer.from(JSON.stringify(rows));
  }
}

function idOf(encoded: Uint8Array): number {
  return Number(Buffer.from(encoded).readBigUInt64LE(1));
}
