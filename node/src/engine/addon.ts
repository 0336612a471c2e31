/**
 * The surface of the native addon, as TypeScript sees it. Layouts of the buffers are in
 * docs/internals/engine.md and docs/internals/storage.md. Rejections are `EngineError`-shaped:
 * an `Error` with a `code` (see `EngineErrorCode`).
 */
import { createRequire } from 'node:module';

export type EngineErrorCode =
  /** The bytes of a request are not what the format asks for; the message names the field. */
  | 'BAD_REQUEST'
  /** As BAD_REQUEST, for JSON that does not parse. */
  | 'BAD_JSON'
  /** A point id in the request does not exist; `message` names it. */
  | 'POINT_NOT_FOUND'
  /** ENOSPC or EDQUOT. The shard is read-only until space returns. */
  | 'NO_SPACE'
  /** Any other failed system call, with `errno` and `path` in the message. */
  | 'IO'
  /** A file or record does not verify, or has an unknown format version. */
  | 'CORRUPT'
  /** The object was closed, or is closing. */
  | 'CLOSED';

export type Distance = 'Cosine' | 'Dot' | 'Euclid' | 'Manhattan';
export type Datatype = 'float32' | 'float16' | 'uint8';

export type VectorSchema =
  | {
      readonly kind: 'dense' | 'multi';
      readonly name: string;
      readonly dimension: number;
      readonly distance: Distance;
      readonly datatype: Datatype;
      readonly m: number;
      readonly efConstruct: number;
      /** Walk the graph on int8 codes and rescore (the default), or on the stored rows. */
      readonly walk: 'codes' | 'rows';
    }
  | { readonly kind: 'sparse'; readonly name: string };

export interface ShardSchema {
  readonly vectors: readonly VectorSchema[];
  /** Below this many bytes of vectors (kilobytes x 1024) no graph is built and scans are exact. */
  readonly indexingThresholdBytes: number;
  /** A filter whose estimated matches hold fewer bytes of vectors than this is scored exactly. */
  readonly fullScanThresholdBytes: number;
}

export interface LogOptions {
  readonly segmentBytes: number;
  readonly sync: 'always' | 'interval';
  readonly syncIntervalMs: number;
  /** Closed segments that `truncateBefore` keeps although they are not needed any more; 0 when left out. */
  readonly retainClosedSegments?: number;
}

export interface LogRecord {
  readonly sequence: number;
  readonly body: Buffer;
}

export interface NativeLog {
  /** Appends records, one per buffer, and returns the sequence of the first. They are copied before it returns. */
  append(bodies: readonly Uint8Array[]): number;
  /** Resolves when everything up to `sequence` is as durable as the sync mode asks; rejects once the log is poisoned. */
  durable(sequence: number): Promise<void>;
  /** 0 while the log is empty; the first record is 1. */
  readonly lastSequence: number;
  readonly firstSequence: number;
  readonly sizeBytes: number;
  /**
   * Records from `from` on, in order, verified: as many as fit `maxBytes` of bodies, and at least one where
   * there is one. Empty past the end. Records that are not durable yet may be among them, or missing. Rejects with CORRUPT for a record that does not verify, and with
   * BAD_REQUEST when `from` is below `firstSequence`.
   */
  read(from: number, maxBytes: number): Promise<readonly LogRecord[]>;
  /** Drops closed segments that hold only records below `sequence`. */
  truncateBefore(sequence: number): Promise<void>;
  close(): Promise<void>;
}

export interface NativeStore {
  /** Removes every key of a shard (all generations). */
  dropShard(collection: number, shard: number): Promise<void>;
  close(): Promise<void>;
}

export interface ApplyOutcome {
  /** Ids that an operation named and that do not exist, in operations for which that is an error; at most one is reported. */
  readonly missing: string | null;
}

export interface SearchRequest {
  /** Name of the vector; '' is the default vector. */
  readonly vector: string;
  readonly query: Float32Array;
  readonly filter: Uint8Array | null;
  readonly limit: number;
  readonly offset: number;
  readonly ef: number;
  readonly exact: boolean;
  /** Only hits at least (similarities) or at most (distances) this good. */
  readonly scoreThreshold: number | null;
  /** Skip rows that are not in the graph yet. */
  readonly indexedOnly: boolean;
  readonly payload: Uint8Array;
  readonly vectors: Uint8Array;
}

export interface ScrollRequest {
  readonly filter: Uint8Array | null;
  /** An encoded id: the page starts at the first id at or after it. */
  readonly from: Uint8Array | null;
  readonly limit: number;
  readonly payload: Uint8Array;
  readonly vectors: Uint8Array;
}

export interface ScrollPage {
  readonly points: Buffer;
  /** Encoded id of the first point after the page, or null at the end. */
  readonly next: Buffer | null;
}

export interface ClockTick {
  readonly peer: number;
  readonly clock: number;
  readonly tick: number;
}

export interface RangeExport {
  /** Of kind 1, without a clock tag, in id order. */
  readonly operation: Buffer;
  readonly count: number;
  /** Encoded id of the last point; null when there is none. */
  readonly last: Buffer | null;
  /** Whether points of the range are left behind it. */
  readonly more: boolean;
}

export interface RangeDigest {
  /** 16 bytes. */
  readonly digest: Buffer;
  readonly count: number;
  readonly last: Buffer | null;
  readonly more: boolean;
}

export interface ShardInfo {
  readonly sequence: number;
  readonly checkpointSequence: number;
  readonly points: number;
  readonly deletedSlots: number;
  readonly slots: number;
  readonly generation: number;
  readonly vectors: readonly {
    readonly name: string;
    /** Live vectors under this name. */
    readonly count: number;
    readonly rows: number;
    /** Rows that were replaced or whose point is gone; a vacuum drops them. */
    readonly deadRows: number;
    readonly indexedRows: number;
    readonly graphActive: boolean;
    /** Sampled agreement of the order by codes with the exact order, 0 to 1; null without a graph. */
    readonly codeOverlap: number | null;
    /** What the graph is walked on: 'rows' also where the codes were found to order badly. */
    readonly walk: 'codes' | 'rows';
  }[];
  readonly fieldIndexes: readonly { readonly path: string; readonly type: FieldType; readonly points: number }[];
  /** Rows that wait for the graph; 0 when everything that should be indexed is. */
  readonly pendingRows: number;
  /** The reason why the shard takes no writes, or null. */
  readonly readOnly: string | null;
  /** Newest tick of each clock among the applied operations, by peer and clock. */
  readonly clocks: readonly ClockTick[];
  readonly diskBytes: number;
  readonly memoryBytes: number;
}

export interface ScrubProgress {
  /** Bytes. */
  readonly scanned: number;
  readonly finished: boolean;
}

export type FieldType = 'keyword' | 'integer' | 'float' | 'bool' | 'uuid';

export interface NativeShard {
  /** Applies one logged operation. Calls must come in sequence order, without gaps. */
  apply(sequence: number, operation: Uint8Array): Promise<ApplyOutcome>;
  /** Resolves when all earlier applies are done: the ids block of the live points that the filter matches. */
  resolve(filter: Uint8Array): Promise<Buffer>;
  /** A point batch, best first. */
  search(request: SearchRequest): Promise<Buffer>;
  /** A point batch of the ids that exist, in the order of the ids block, each once. */
  retrieve(ids: Uint8Array, payload: Uint8Array, vectors: Uint8Array): Promise<Buffer>;
  scroll(request: ScrollRequest): Promise<ScrollPage>;
  count(filter: Uint8Array | null, exact: boolean): Promise<number>;
  /**
   * The points after `after` (null: from the first) up to and with `to` (null: to the end), both encoded ids,
   * at most `limit` of them (at least 1), and fewer, with `more`, past some 8 MiB; with vectors as they are stored.
   * Sees every operation that was applied before the call; each point is of one moment, the range need not be.
   */
  exportRange(after: Uint8Array | null, to: Uint8Array | null, limit: number): Promise<RangeExport>;
  /** A digest of the ids and contents of the range, whatever their versions, slots and order of writing. */
  digestRange(after: Uint8Array | null, to: Uint8Array | null, limit: number): Promise<RangeDigest>;
  /** The ids of the range, in order, as an ids block. */
  idsInRange(after: Uint8Array | null, to: Uint8Array | null): Promise<Buffer>;
  /** Writes a manifest; does nothing when nothing was applied since the last. */
  checkpoint(): Promise<void>;
  /** Changes graph parameters and thresholds in place; a changed `m` or `efConstruct` rebuilds the graph. */
  updateSchema(schema: ShardSchema): Promise<void>;
  /**
   * Compacts into a new generation when the share of dead slots, or of dead rows of a vector, is above
   * `deletedThreshold` and more than `minimumSlots` are dead. Resolves to whether it did.
   */
  vacuum(deletedThreshold: number, minimumSlots: number): Promise<boolean>;
  /**
   * Compares whole blocks of rows on the disk with what the newest checkpoint says of them, about `maxBytes` of
   * them and at least one, from where the last call ended. `finished`: the last block was reached, and the next
   * call begins with the first. Rejects with CORRUPT for damage, which also stops the shard's writes.
   */
  scrub(maxBytes: number): Promise<ScrubProgress>;
  /** What there is to scrub, at no cost. */
  blockBytes(): number;
  info(): ShardInfo;
  /** `points` of the info alone, at no cost. */
  points(): number;
  /** `readOnly` of the info alone, at no cost. */
  readOnly(): string | null;
  /** Checkpoints unless poisoned, then releases files and memory. */
  close(): Promise<void>;
}

export interface LiftedBody {
  /** The body with each lifted array replaced by `{"$lifted":n}`. */
  readonly json: string;
  readonly arrays: readonly Float32Array[];
  /** [start, end) of each array in the body, for a reader that wanted exact numbers after all. */
  readonly spans: readonly (readonly [number, number])[];
}

export interface VectorShape {
  readonly name: string;
  readonly kind: 'dense' | 'multi' | 'sparse';
  /** 0 for sparse vectors. */
  readonly dimension: number;
}

export interface ParsedUpsert {
  /** An operation of kind 1, ready for a log. */
  readonly operation: Buffer;
  readonly points: number;
  /** The rest of the body: every top-level field but the points, as JSON text. */
  readonly rest: string;
}

declare const nativeRing: unique symbol;

/** A hash ring in the engine: made once by `makeRing`, then read by any call. */
export interface NativeRing {
  readonly [nativeRing]: true;
}

/**
 * How agreed points are sorted: by score, higher or lower first, or by id. 'scored' is the order that the batches
 * have: by score in their direction, and for batches without scores as the first batch that holds a point has it.
 */
export type AgreedOrder = 'scored' | 'higher' | 'lower' | 'id';

export interface NativeCodec {
  /** Validates UTF-8, syntax, depth and number ranges (1e400 is refused), and lifts arrays of 16 or more numbers. Throws BAD_JSON. */
  lift(body: Uint8Array): LiftedBody;
  /** Body of `PUT points`, list or columnar form. Validates ids, dimensions and finiteness; throws BAD_REQUEST naming the field. */
  parseUpsert(body: Uint8Array, shapes: readonly VectorShape[]): ParsedUpsert;
  /** As parseUpsert, on a pool thread: for bodies over some 64 KiB. */
  parseUpsertAsync(body: Uint8Array, shapes: readonly VectorShape[]): Promise<ParsedUpsert>;
  /** Body of `PUT points/vectors`, to an operation of kind 7. */
  parseUpdateVectors(body: Uint8Array, shapes: readonly VectorShape[]): ParsedUpsert;
  /** The `qdrant.UpsertPoints` message, to an operation of kind 1; `rest` is empty. The other fields of the message are skipped. */
  parseUpsertMessage(message: Uint8Array, shapes: readonly VectorShape[]): ParsedUpsert;
  /** The `qdrant.UpdatePointVectors` message, to an operation of kind 7. */
  parseUpdateVectorsMessage(message: Uint8Array, shapes: readonly VectorShape[]): ParsedUpsert;
  /** Minified canonical JSON object (duplicate keys: the last wins), or throws BAD_JSON or BAD_REQUEST. */
  normalizePayload(json: Uint8Array): Buffer;
  /** `qdrant.Value` map entries (repeated field 1 of a message) to a JSON object. */
  payloadFromMessage(entries: Uint8Array): Buffer;
  /** A JSON array of ScoredPoint or Record objects. float32 values are printed in their shortest form. */
  pointsToJson(batch: Uint8Array, shape: 'scored' | 'record'): Buffer;
  /** The repeated field `field` of a response message: qdrant.ScoredPoint or qdrant.RetrievedPoint entries with their tags. */
  pointsToMessage(batch: Uint8Array, shape: 'scored' | 'retrieved', field: number): Buffer;
  /** Merges best-first batches of several shards into one. */
  mergeScored(batches: readonly Uint8Array[], higherIsBetter: boolean, offset: number, limit: number): Buffer;
  /** Merges batches in id order of several shards into one. */
  mergeById(batches: readonly Uint8Array[], limit: number): Buffer;
  /** The points of all batches in the order of an ids block; each id once, ids that no batch has left out. */
  orderByIds(batches: readonly Uint8Array[], ids: Uint8Array): Buffer;
  /** Points that at least `minimum` of the batches hold with the same content, versions aside. */
  agreed(batches: readonly Uint8Array[], minimum: number, order: AgreedOrder): Buffer;
  /** `positions` ascending, and the shard of each. Throws RangeError for an empty ring or another order. */
  makeRing(positions: BigUint64Array, shards: Uint32Array): NativeRing;
  /**
   * For each shard that gets something of the operation, in the order of their numbers, its part. Points and ids
   * keep their order; the operation itself when it falls in one shard whole. An operation without ids (9, 10, 11)
   * goes to every shard. Throws BAD_REQUEST.
   */
  splitOperation(
    operation: Uint8Array,
    ring: NativeRing,
  ): readonly { readonly shard: number; readonly operation: Buffer }[];
  /** The same for an ids block. */
  splitIds(ids: Uint8Array, ring: NativeRing): readonly { readonly shard: number; readonly ids: Buffer }[];
}

export interface NativeAddon {
  info(): {
    readonly faiss: string;
    readonly rocksdb: string;
    /** The kernel table in use, for example `avx512vnni`, and those this processor can run. */
    readonly kernels: { readonly active: string; readonly available: readonly string[] };
    readonly threads: number;
  };
  /** Once, before anything is opened. 0 means one per processor. */
  configure(options: { readonly searchThreads: number; readonly indexThreads: number }): void;
  openLog(directory: string, options: LogOptions): Promise<NativeLog>;
  openStore(directory: string, options: { readonly blockCacheBytes: number }): Promise<NativeStore>;
  /** Loads the manifest and replays `log` past it. */
  openShard(options: {
    readonly directory: string;
    readonly store: NativeStore;
    readonly log: NativeLog;
    readonly collection: number;
    readonly shard: number;
    readonly schema: ShardSchema;
  }): Promise<NativeShard>;
  readonly codec: NativeCodec;
}

const require = createRequire(import.meta.url);

/** Loads the addon that `make build` put beside the sources. */
export function loadAddon(): NativeAddon {
  return require('../../build/Release/engine.node') as NativeAddon;
}
