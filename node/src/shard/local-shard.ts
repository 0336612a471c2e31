import type {
  LogOptions,
  NativeAddon,
  NativeLog,
  NativeShard,
  NativeStore,
  RangeDigest,
  RangeExport,
  ScrollPage,
  ScrollRequest,
  SearchRequest,
  ShardInfo,
  ShardSchema,
} from '../engine/addon.js';
import { EngineError, engineErrorCode } from '../engine/engine-error.js';
import type { ClockTag } from './clock-tag.js';
import { ExclusiveSection } from './exclusive-section.js';
import { Maintenance } from './maintenance.js';
import { withinPoints } from './search-bounds.js';
import type { ShardPolicy } from './shard-policy.js';
import { shardStatus, type ShardStatus } from './shard-status.js';
import { WriteQueue } from './write-queue.js';
import type { ShardReader, WriteOptions, WriteResult } from './write-result.js';
import { OpenWriteSection, type Appended, type WriteSection } from './write-section.js';

export interface LocalShardOptions {
  readonly addon: NativeAddon;
  /** The shard's folder; made when it is not there. */
  readonly directory: string;
  readonly store: NativeStore;
  readonly collection: number;
  readonly shard: number;
  readonly schema: ShardSchema;
  readonly log: LogOptions;
  readonly policy: ShardPolicy;
  /** Told about failures that no caller sees: a failed checkpoint or vacuum, damaged rows. */
  readonly onBackgroundError?: (error: Error) => void;
  /** Told once, when the shard has become red for good. */
  readonly onFailed?: () => void;
}

/** The whole of a shard's operation that applies to nothing: see storage.md, kind 11. */
const nothingOperation = Uint8Array.from([1, 11, ...new Array<number>(20).fill(0)]);

/** The filter program "or of no conditions": see engine.md. */
const matchesNothing = Uint8Array.from([0x02, 0, 0, 0, 0]);

/**
 * One shard on this node: its log, the native engine behind it, and the policy of when to
 * checkpoint and vacuum.
 *
 * An operation is handed to the engine only when it is durable: what RocksDB holds must never be
 * newer than what the log can replay, or a sequence could be given out twice after a crash.
 */
export class LocalShard {
  readonly #log: NativeLog;
  readonly #native: NativeShard;
  readonly #queue: WriteQueue;
  readonly #section = new ExclusiveSection();
  readonly #maintenance: Maintenance;
  /** Resolves when every operation appended so far was handed to the engine, or failed before that. */
  #handedOver: Promise<void> = Promise.resolve();
  #failure: string | null = null;
  #damaged = false;
  readonly #onFailed: () => void;
  /** Why the log takes nothing for now. Every write tries again; the first that gets in ends it. */
  #logFull: string | null = null;
  #closing: Promise<void> | null = null;
  /** Newest tick of clock 0 of each peer among what was appended; read from the engine when first asked for. */
  #ticks: Map<number, number> | null = null;

  private constructor(log: NativeLog, native: NativeShard, options: LocalShardOptions) {
    this.#log = log;
    this.#native = native;
    this.#onFailed = options.onFailed ?? (() => undefined);
    this.#queue = new WriteQueue(options.policy.queuedOperationsMax, options.policy.queuedBytesMax);
    this.#maintenance = new Maintenance(log, native, options.policy, (task, error) => {
      // A vacuum or scrub that failed leaves everything as it was, if it did not find damage; a checkpoint may not.
      if (task === 'checkpoint' || engineErrorCode(error) === 'CORRUPT') this.#noteFailure(error);
      options.onBackgroundError?.(error);
    });
  }

  /** Opens the log, loads the newest checkpoint and replays what is past it. */
  static async open(options: LocalShardOptions): Promise<LocalShard> {
    const { addon, directory, store, collection, shard, schema } = options;
    const log = await addon.openLog(`${directory}/wal`, options.log);
    try {
      const native = await addon.openShard({ directory, store, log, collection, shard, schema });
      const opened = new LocalShard(log, native, options);
      opened.#maintenance.start();
      return opened;
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  /** Logs one operation. The bytes must not be changed afterwards. */
  async write(operation: Uint8Array, { wait }: WriteOptions): Promise<WriteResult> {
    this.#checkWritable();
    // Room is waited for inside, so that a conditional write cannot pass one that came before it.
    const pending = await this.#section.run(async () => {
      await this.#queue.enter(operation.byteLength);
      return this.#append(operation);
    });
    return this.#answer(pending, wait);
  }

  /**
   * A write that depends on what is there: `build` gets the ids block of the points that match, when
   * everything before is applied and nothing else can be appended, and gives the operation to log.
   */
  writeResolved(filter: Uint8Array, build: (ids: Buffer) => Uint8Array, options: WriteOptions): Promise<WriteResult> {
    return this.writeExclusive(async (reader) => build(await reader.resolve(filter)), options);
  }

  /** As writeResolved, with any reads. When `build` gives null, an operation without effect is logged. */
  async writeExclusive(
    build: (reader: ShardReader) => Promise<Uint8Array | null>,
    { wait }: WriteOptions,
  ): Promise<WriteResult> {
    this.#checkWritable();
    const pending = await this.#section.run(async () => {
      await this.#handedOver;
      // The engine's strand runs this after every apply that was handed over.
      const operation = (await build(this.#readerAfterApplies())) ?? nothingOperation;
      await this.#queue.enter(operation.byteLength);
      return this.#append(operation);
    });
    return this.#answer(pending, wait);
  }

  /**
   * Runs `body` while nothing else can be appended. Calls take their places in the order in which they
   * are made, before this returns, so what `body` appends and what it hands on to other replicas come in
   * one order.
   */
  inSequence<T>(body: (section: WriteSection) => Promise<T>): Promise<T> {
    return this.#section.run(async () => {
      this.#checkWritable();
      const section = new OpenWriteSection(this.#queue, {
        caughtUp: async () => {
          await this.#handedOver;
          // The strand answers this one when all applies before it are done.
          await this.#native.resolve(matchesNothing);
          return this.#native;
        },
        append: (operation, tag) => this.#appendStamped(operation, tag),
      });
      try {
        return await body(section);
      } finally {
        section.end();
      }
    });
  }

  /** The newest tick of a peer's clock among the operations that were appended here; 0 for none. */
  newestTick(peer: number): number {
    return this.#knownTicks().get(peer) ?? 0;
  }

  exportRange(after: Uint8Array | null, to: Uint8Array | null, limit: number): Promise<RangeExport> {
    return this.#native.exportRange(after, to, limit);
  }

  async digestRange(after: Uint8Array | null, to: Uint8Array | null, limit: number): Promise<RangeDigest> {
    // Nobody is to take for a good copy what is about to be thrown away.
    if (this.#damaged) throw new EngineError('CORRUPT', `the shard is damaged: ${this.#failure}`);
    return this.#native.digestRange(after, to, limit);
  }

  /** An ids block of what was applied when it was called. */
  idsInRange(after: Uint8Array | null, to: Uint8Array | null): Promise<Buffer> {
    return this.#native.idsInRange(after, to);
  }

  search(request: SearchRequest): Promise<Buffer> {
    return this.#native.search(withinPoints(request, this.#native.points()));
  }

  retrieve(ids: Uint8Array, payload: Uint8Array, vectors: Uint8Array): Promise<Buffer> {
    return this.#native.retrieve(ids, payload, vectors);
  }

  scroll(request: ScrollRequest): Promise<ScrollPage> {
    return this.#native.scroll(request);
  }

  count(filter: Uint8Array | null, exact: boolean): Promise<number> {
    return this.#native.count(filter, exact);
  }

  /** Live points, at no cost. */
  get points(): number {
    return this.#native.points();
  }

  info(): ShardInfo {
    return this.#native.info();
  }

  status(): ShardStatus {
    const info = this.#native.info();
    return shardStatus(info, info.readOnly ?? this.#logFull, this.#failure, this.#maintenance.vacuuming);
  }

  /** Whether it takes no more writes until a restart. */
  get failed(): boolean {
    return this.#failure !== null;
  }

  /** Whether it has failed because its files are not what was written, which a restart does not mend. */
  get damaged(): boolean {
    return this.#damaged;
  }

  /** Operations that are logged and not yet applied. */
  get queuedOperations(): number {
    return this.#queue.operations;
  }

  get logBytes(): number {
    return this.#log.sizeBytes;
  }

  updateSchema(schema: ShardSchema): Promise<void> {
    return this.#native.updateSchema(schema);
  }

  updatePolicy(policy: Pick<ShardPolicy, 'flushIntervalMs' | 'deletedThreshold' | 'vacuumMinSlots'>): void {
    this.#maintenance.updatePolicy(policy);
  }

  /** Saves everything now, so that a restart has nothing to replay. */
  async checkpoint(): Promise<void> {
    try {
      await this.#maintenance.checkpoint();
    } catch (error) {
      this.#noteFailure(error);
      throw error;
    }
  }

  /** Compacts now if the policy asks for it. Resolves to whether it did. */
  async vacuum(): Promise<boolean> {
    try {
      return await this.#maintenance.vacuum();
    } catch (error) {
      if (engineErrorCode(error) === 'CORRUPT') this.#noteFailure(error);
      throw error;
    }
  }

  /** Finishes what was accepted, checkpoints and releases everything. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#queue.close(new EngineError('CLOSED', 'the shard is closed'));
    await this.#handedOver;
    await this.#maintenance.stop();
    try {
      await this.#native.close();
    } finally {
      await this.#log.close();
    }
  }

  #knownTicks(): Map<number, number> {
    if (this.#ticks === null) {
      const clocks = this.#native.info().clocks.filter(({ clock }) => clock === 0);
      this.#ticks = new Map(clocks.map(({ peer, tick }) => [peer, tick]));
    }
    return this.#ticks;
  }

  #appendStamped(operation: Uint8Array, tag: ClockTag | null): Appended {
    const pending = this.#append(operation);
    if (tag !== null && tag.clock === 0) {
      const ticks = this.#knownTicks();
      ticks.set(tag.peer, Math.max(tag.tick, ticks.get(tag.peer) ?? 0));
    }
    return { sequence: pending.sequence, answer: ({ wait }) => this.#answer(pending, wait) };
  }

  #append(operation: Uint8Array): Pending {
    const bytes = operation.byteLength;
    let sequence: number;
    try {
      sequence = this.#log.append([operation]);
    } catch (error) {
      this.#queue.leave(bytes);
      this.#noteLog(error);
      throw error;
    }
    const durable = this.#log.durable(sequence);
    durable.then(
      () => (this.#logFull = null),
      (error: unknown) => this.#noteLog(error),
    );
    const applied = this.#handOver(sequence, operation, durable);
    void applied.then(
      () => this.#queue.leave(bytes),
      (error: unknown) => {
        this.#queue.leave(bytes);
        this.#noteFailure(error);
      },
    );
    return { sequence, durable, applied };
  }

  /** Hands an operation to the engine once it and all before it are durable. */
  #handOver(sequence: number, operation: Uint8Array, durable: Promise<void>): Promise<string | null> {
    const apply = Promise.all([durable, this.#handedOver]).then(() => {
      const outcome = this.#native.apply(sequence, operation);
      // Only the call is ordered here; its result is awaited below, so that applies can queue up.
      return { outcome };
    });
    this.#handedOver = apply.then(
      () => undefined,
      () => undefined,
    );
    return apply.then(async ({ outcome }) => {
      const { missing } = await outcome;
      this.#maintenance.noteApplied();
      return missing;
    });
  }

  async #answer(pending: Pending, wait: boolean): Promise<WriteResult> {
    const { sequence } = pending;
    await pending.durable;
    if (!wait) return { status: 'acknowledged', sequence };
    return { status: 'completed', sequence, missing: await pending.applied };
  }

  #readerAfterApplies(): ShardReader {
    const native = this.#native;
    // The strand answers this one when all applies before it are done; it matches nothing.
    const everythingBefore = native.resolve(matchesNothing);
    return {
      resolve: (filter) => native.resolve(filter),
      search: async (request) => (await everythingBefore, native.search(request)),
      retrieve: async (ids, payload, vectors) => (await everythingBefore, native.retrieve(ids, payload, vectors)),
      scroll: async (request) => (await everythingBefore, native.scroll(request)),
      count: async (filter, exact) => (await everythingBefore, native.count(filter, exact)),
    };
  }

  #checkWritable(): void {
    if (this.#closing !== null) throw new EngineError('CLOSED', 'the shard is closed');
    if (this.#failure !== null) throw new EngineError('IO', `the shard takes no writes: ${this.#failure}`);
    const readOnly = this.#native.readOnly();
    if (readOnly !== null) {
      this.#maintenance.retrySoon();
      throw new EngineError('NO_SPACE', readOnly);
    }
  }

  #noteLog(error: unknown): void {
    if (engineErrorCode(error) === 'NO_SPACE') this.#logFull = error instanceof Error ? error.message : String(error);
  }

  #fail(error: unknown): void {
    if (this.#failure !== null) return;
    this.#failure = error instanceof Error ? error.message : String(error);
    this.#onFailed();
  }

  /** A log that cannot be written, or files that cannot be trusted, end the writing until a restart. */
  #noteFailure(error: unknown): void {
    switch (engineErrorCode(error)) {
      case 'NO_SPACE':
        this.#maintenance.retrySoon();
        break;
      case 'CORRUPT':
        this.#damaged = true;
        this.#fail(error);
        break;
      case 'IO':
        this.#fail(error);
        break;
      case 'CLOSED':
      case 'BAD_REQUEST':
      case 'BAD_JSON':
      case 'POINT_NOT_FOUND':
      case null:
        break;
    }
  }
}

interface Pending {
  readonly sequence: number;
  readonly durable: Promise<void>;
  readonly applied: Promise<string | null>;
}
