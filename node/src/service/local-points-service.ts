/** The use cases on points, on the shards of this node. */
import type { Collection } from '../collection/collection.js';
import type { LocalCollections } from '../collection/local-collections.js';
import type { Consensus } from '../consensus/consensus.js';
import type { NativeCodec } from '../engine/addon.js';
import { ServiceError, toServiceError } from '../errors.js';
import type { FieldIndexSchema } from '../metadata/collection-config.js';
import type { MetadataOperation } from '../metadata/metadata-operation.js';
import { compileFilter } from '../payload/compile-filter.js';
import { decodePointId, encodeIdsBlock, encodePointId } from '../payload/point-id.js';
import { encodePayloadSelector, encodeVectorSelector } from '../payload/selectors.js';
import type { QueryPlan } from '../query/query-plan.js';
import { requireWrite, type Access } from './access.js';
import type { ClusterPeers } from './cluster-peers.js';
import { withDeadline } from './deadline.js';
import { knownToPeers } from './known-to-peers.js';
import { noSuchCollection, notServed, refuseRejected } from './metadata-answers.js';
import { metadataTimeoutMs } from './metadata-timeout.js';
import type {
  PointsService,
  ReadOptions,
  RetrieveRequest,
  ScrolledPoints,
  ScrollPointsRequest,
  UpdateResult,
  WriteOperation,
  WriteOptions,
} from './points-service.js';
import { canonicalPayloadPath } from './payload-path.js';
import { QueryRunner } from './query-runner.js';
import { WriteRunner } from './write-runner.js';

/** Queries of one batch that are under way at once: enough for every search thread of the engine. */
const batchConcurrency = 32;

/** What the use cases on points stand on. */
export interface PointsServiceParts {
  readonly consensus: Consensus;
  readonly collections: LocalCollections;
  readonly peers: ClusterPeers;
  readonly codec: NativeCodec;
  /** For reads whose caller sets no limit; null: none. */
  readonly searchTimeoutMs: number | null;
}

export class LocalPointsService implements PointsService {
  readonly #parts: PointsServiceParts;
  readonly #writes: WriteRunner;
  readonly #queries = new QueryRunner();

  constructor(parts: PointsServiceParts) {
    this.#parts = parts;
    this.#writes = new WriteRunner(parts.codec);
  }

  async update(
    access: Access,
    collection: string,
    operation: WriteOperation,
    options: WriteOptions,
  ): Promise<UpdateResult> {
    requireWrite(access, collection);
    return this.#guarded(collection, (found) => this.#writes.run(found, operation, options));
  }

  async updateBatch(
    access: Access,
    collection: string,
    operations: readonly WriteOperation[],
    options: WriteOptions,
  ): Promise<readonly UpdateResult[]> {
    requireWrite(access, collection);
    return this.#guarded(collection, async (found) => {
      const results: UpdateResult[] = [];
      for (const operation of operations) results.push(await this.#writes.run(found, operation, options));
      return results;
    });
  }

  async createFieldIndex(
    access: Access,
    collection: string,
    index: FieldIndexSchema,
    options: WriteOptions,
  ): Promise<UpdateResult> {
    requireWrite(access, collection);
    const path = canonicalPayloadPath(index.path, 'field_name');
    return this.#changeFieldIndexes(
      collection,
      ({ id }) => ({ kind: 'create-field-index', collection: id, index: { ...index, path } }),
      options,
    );
  }

  async deleteFieldIndex(
    access: Access,
    collection: string,
    field: string,
    options: WriteOptions,
  ): Promise<UpdateResult> {
    requireWrite(access, collection);
    const path = canonicalPayloadPath(field, 'field_name');
    return this.#changeFieldIndexes(
      collection,
      ({ id }) => ({ kind: 'delete-field-index', collection: id, path }),
      options,
    );
  }

  async retrieve(_access: Access, collection: string, request: RetrieveRequest, options: ReadOptions): Promise<Buffer> {
    return this.#read(collection, options, (found) =>
      found.retrieve(
        {
          ids: encodeIdsBlock(request.ids),
          payload: encodePayloadSelector(request.withPayload),
          vectors: encodeVectorSelector(request.withVectors),
        },
        options,
      ),
    );
  }

  async scroll(
    _access: Access,
    collection: string,
    request: ScrollPointsRequest,
    options: ReadOptions,
  ): Promise<ScrolledPoints> {
    return this.#read(collection, options, async (found) => {
      const wanted = {
        filter: request.filter === null ? null : compileFilter(request.filter),
        from: request.offset === null ? null : encodePointId(request.offset),
        limit: request.limit,
        payload: encodePayloadSelector(request.withPayload),
        vectors: encodeVectorSelector(request.withVectors),
      };
      const page = await found.scroll(wanted, options);
      return { points: page.points, nextOffset: page.next === null ? null : decodePointId(page.next) };
    });
  }

  async count(
    _access: Access,
    collection: string,
    request: Parameters<PointsService['count']>[2],
    options: ReadOptions,
  ): Promise<number> {
    return this.#read(collection, options, (found) =>
      found.count(
        { filter: request.filter === null ? null : compileFilter(request.filter), exact: request.exact },
        options,
      ),
    );
  }

  async query(_access: Access, collection: string, plan: QueryPlan, options: ReadOptions): Promise<Buffer> {
    return this.#read(collection, options, (found) => this.#queries.run(found, plan, options));
  }

  async queryBatch(
    _access: Access,
    collection: string,
    plans: readonly QueryPlan[],
    options: ReadOptions,
  ): Promise<readonly Buffer[]> {
    return this.#read(collection, options, async (found) => {
      const results = new Array<Buffer>(plans.length);
      let next = 0;
      const workers = Array.from({ length: Math.min(batchConcurrency, plans.length) }, async () => {
        for (let index = next++; index < plans.length; index = next++) {
          const plan = plans[index];
          if (plan !== undefined) results[index] = await this.#queries.run(found, plan, options);
        }
      });
      await Promise.all(workers);
      return results;
    });
  }

  #changeFieldIndexes(
    name: string,
    change: (collection: Collection) => MetadataOperation,
    options: WriteOptions,
  ): Promise<UpdateResult> {
    return this.#guarded(name, async (found) => {
      const { consensus, collections, peers } = this.#parts;
      const timeoutMs = metadataTimeoutMs(options.timeoutMs);
      const deadlineMs = performance.now() + timeoutMs;
      const applied = await consensus.propose(change(found), { timeoutMs });
      refuseRejected(applied, name);
      // What is asked for is durable now. Without wait the shards build the index behind the answer; a
      // failure of that is reported by the shard's state and tried again by the next reconcile.
      const built = collections.reconcile(name);
      if (!options.wait) {
        built.catch(() => undefined);
        return { operationId: null, status: 'acknowledged' };
      }
      const outcome = await withDeadline(built, options.timeoutMs, 'wait_timeout' as const);
      if (outcome === 'wait_timeout') return { operationId: null, status: 'wait_timeout' };
      await knownToPeers(peers, applied.index, deadlineMs);
      return { operationId: null, status: 'completed' };
    });
  }

  async #read<T>(collection: string, options: ReadOptions, body: (found: Collection) => Promise<T>): Promise<T> {
    const limitMs = options.timeoutMs ?? this.#parts.searchTimeoutMs;
    const timedOut = Symbol('timed out');
    const outcome = await this.#guarded(collection, (found) => withDeadline(body(found), limitMs, timedOut));
    if (outcome === timedOut) {
      throw new ServiceError('timeout', `Operation timed out after ${(limitMs ?? 0) / 1000} seconds`);
    }
    return outcome;
  }

  async #guarded<T>(name: string, body: (found: Collection) => Promise<T>): Promise<T> {
    const found = this.#parts.collections.get(name);
    if (found === null) throw notServed(this.#parts.collections, name);
    try {
      return await body(found);
    } catch (error) {
      const failure = toServiceError(error);
      // The collection went while the request was under way: the same answer as a moment later.
      if (failure.kind === 'unavailable' && this.#parts.collections.get(name) !== found) throw noSuchCollection(name);
      throw failure;
    }
  }
}
