/** Carries out query plans on the shards of a collection. */
import type { Collection } from '../collection/collection.js';
import { hnswOf } from '../collection/shard-schema.js';
import { ServiceError } from '../errors.js';
import type { DenseVectorParams } from '../metadata/collection-config.js';
import { compileFilter } from '../payload/compile-filter.js';
import type { Filter, PointId } from '../payload/filter.js';
import { encodeIdsBlock } from '../payload/point-id.js';
import { encodePayloadSelector, encodeVectorSelector } from '../payload/selectors.js';
import { emptyScoredBatch, readPointBatch, withConstantScore } from '../query/point-batch.js';
import type { QueryPlan } from '../query/query-plan.js';
import type { ReadOptions } from './points-service.js';
import { checkVectorName, unknownVectorName } from './write-runner.js';

/** What the original gives to points that were not scored. */
const unscored = 1;

type NearestNode = Extract<QueryPlan['node'], { readonly kind: 'nearest' }>;

export class QueryRunner {
  run(collection: Collection, plan: QueryPlan, options: ReadOptions): Promise<Buffer> {
    checkSelectedVectors(collection, plan);
    switch (plan.node.kind) {
      case 'nearest':
        return this.#nearest(collection, plan, plan.node, options);
      case 'by-id':
        return this.#byId(collection, plan, options);
    }
  }

  async #nearest(collection: Collection, plan: QueryPlan, node: NearestNode, options: ReadOptions): Promise<Buffer> {
    const params = searchable(collection, node.using);
    const { vector, filter } = await this.#target(collection, plan, node, options);
    if (vector.length !== params.size) {
      throw new ServiceError('bad-input', `Vector dimension error: expected dim: ${params.size}, got ${vector.length}`);
    }
    checkFinite(vector);
    const request = {
      vector: node.using,
      query: vector,
      filter: filter === null ? null : compileFilter(filter),
      limit: plan.limit,
      offset: plan.offset,
      ef: plan.params.hnswEf ?? hnswOf(collection.config, params).efConstruct,
      exact: plan.params.exact,
      scoreThreshold: plan.scoreThreshold,
      indexedOnly: plan.params.indexedOnly,
      payload: encodePayloadSelector(plan.withPayload),
      vectors: encodeVectorSelector(plan.withVectors),
    };
    return collection.search(request, params, options);
  }

  async #target(
    collection: Collection,
    plan: QueryPlan,
    node: NearestNode,
    options: ReadOptions,
  ): Promise<{ readonly vector: Float32Array; readonly filter: Filter | null }> {
    switch (node.target.kind) {
      case 'vector':
        return { vector: node.target.vector, filter: plan.filter };
      case 'point': {
        const { id } = node.target;
        return { vector: await storedVector(collection, id, node.using, options), filter: without(plan.filter, id) };
      }
    }
  }

  async #byId(collection: Collection, plan: QueryPlan, options: ReadOptions): Promise<Buffer> {
    const filter = plan.filter === null ? null : compileFilter(plan.filter);
    let from: Buffer | null = null;
    if (plan.offset > 0) {
      const none = {
        payload: encodePayloadSelector({ mode: 'none' }),
        vectors: encodeVectorSelector({ mode: 'none' }),
      };
      const skipped = await collection.scroll({ filter, from, limit: plan.offset, ...none }, options);
      if (skipped.next === null) return emptyScoredBatch();
      from = skipped.next;
    }
    const payload = encodePayloadSelector(plan.withPayload);
    const vectors = encodeVectorSelector(plan.withVectors);
    const page = await collection.scroll({ filter, from, limit: plan.limit, payload, vectors }, options);
    return withConstantScore(page.points, unscored);
  }
}

function searchable(collection: Collection, using: string): DenseVectorParams {
  const { vectors, sparseVectors } = collection.config.params;
  const params = vectors.find((vector) => vector.name === using);
  if (params === undefined) {
    if (sparseVectors.some((vector) => vector.name === using)) {
      throw new ServiceError('bad-request', `A search by the sparse vector ${using} is not supported by this version`);
    }
    throw unknownVectorName(using);
  }
  if (params.multivector !== null) {
    throw new ServiceError('bad-request', `A search by the multivector ${using} is not supported by this version`);
  }
  return params;
}

function checkFinite(vector: Float32Array): void {
  for (let index = 0; index < vector.length; index += 1) {
    if (!Number.isFinite(vector[index])) {
      throw new ServiceError('bad-input', `Vector element ${index} is not a finite 32-bit number`);
    }
  }
}

function checkSelectedVectors(collection: Collection, plan: QueryPlan): void {
  if (plan.withVectors.mode !== 'include') return;
  for (const name of plan.withVectors.names) checkVectorName(collection, name);
}

async function storedVector(
  collection: Collection,
  id: PointId,
  using: string,
  options: ReadOptions,
): Promise<Float32Array> {
  const request = {
    ids: encodeIdsBlock([id]),
    payload: encodePayloadSelector({ mode: 'none' }),
    vectors: encodeVectorSelector({ mode: 'include', names: [using] }),
  };
  const batch = await collection.retrieve(request, options);
  const [point] = readPointBatch(batch).points;
  if (point === undefined) throw new ServiceError('not-found', `No point with id ${id} found`);
  const vector = point.vectors.get(using);
  if (vector === undefined) {
    throw new ServiceError('not-found', `Point with id ${id} has no vector${using === '' ? '' : ` ${using}`}`);
  }
  if (vector.form !== 'dense') throw new ServiceError('bad-request', `The vector ${using} of point ${id} is not dense`);
  return vector.values;
}

/** The point that is searched by is not its own neighbour. */
function without(filter: Filter | null, id: PointId): Filter {
  return {
    must: filter === null ? [] : [{ kind: 'filter', filter }],
    should: [],
    mustNot: [{ kind: 'has-id', ids: [id] }],
  };
}
