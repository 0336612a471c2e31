/** Turns one write of a request into one operation for the shards of its collection. */
import type { Collection } from '../collection/collection.js';
import {
  clearPayloadOperation,
  deletePayloadOperation,
  deletePointsOperation,
  deleteVectorsOperation,
  overwritePayloadOperation,
  setPayloadOperation,
} from '../collection/operation-encoding.js';
import type { NativeCodec } from '../engine/addon.js';
import { ServiceError } from '../errors.js';
import { compileFilter } from '../payload/compile-filter.js';
import { encodeIdsBlock } from '../payload/point-id.js';
import type { WriteResult } from '../shard/write-result.js';
import { withDeadline } from './deadline.js';
import { canonicalPayloadPath } from './payload-path.js';
import type { PointsSelector, UpdateResult, WriteOperation, WriteOptions } from './points-service.js';

/** The program that matches every point: an empty filter has none of its own. */
const everything = Uint8Array.from([0x05]);

const noIds = encodeIdsBlock([]);

/**
 * The replicas of a shard end their own waiting at the same limit, and what they have to say by then comes first: a
 * write that some of them missed is not one that only takes long.
 */
const verdictMs = 250;

export class WriteRunner {
  readonly #codec: NativeCodec;

  constructor(codec: NativeCodec) {
    this.#codec = codec;
  }

  async run(collection: Collection, operation: WriteOperation, options: WriteOptions): Promise<UpdateResult> {
    const limitMs = options.wait && options.timeoutMs !== null ? options.timeoutMs + verdictMs : null;
    const result = await withDeadline(this.#write(collection, operation, options), limitMs, null);
    if (result === null) return { operationId: null, status: 'wait_timeout' };
    if (result.status === 'completed' && result.missing !== null) {
      throw new ServiceError('not-found', `No point with id ${result.missing} found`);
    }
    return { operationId: result.sequence, status: result.status };
  }

  async #write(collection: Collection, operation: WriteOperation, options: WriteOptions): Promise<WriteResult> {
    switch (operation.kind) {
      case 'upsert':
      case 'update-vectors': {
        const { operation: bytes } = await operation.parse(collection.shapes);
        return collection.write(bytes, options);
      }
      case 'delete-points':
        return this.#select(collection, operation.selector, options, deletePointsOperation);
      case 'delete-vectors': {
        const { names } = operation;
        for (const name of names) checkVectorName(collection, name);
        return this.#select(collection, operation.selector, options, (ids) => deleteVectorsOperation(ids, names));
      }
      case 'set-payload': {
        const payload = this.#codec.normalizePayload(operation.payload);
        const path = operation.key === null ? '' : canonicalPayloadPath(operation.key, 'key');
        return this.#select(collection, operation.selector, options, (ids) => setPayloadOperation(ids, path, payload));
      }
      case 'overwrite-payload': {
        const payload = this.#codec.normalizePayload(operation.payload);
        return this.#select(collection, operation.selector, options, (ids) => overwritePayloadOperation(ids, payload));
      }
      case 'delete-payload': {
        const keys = operation.keys.map((key, index) => canonicalPayloadPath(key, `keys[${index}]`));
        return this.#select(collection, operation.selector, options, (ids) => deletePayloadOperation(ids, keys));
      }
      case 'clear-payload':
        return this.#select(collection, operation.selector, options, clearPayloadOperation);
    }
  }

  #select(
    collection: Collection,
    selector: PointsSelector,
    options: WriteOptions,
    build: (ids: Uint8Array) => Uint8Array,
  ): Promise<WriteResult> {
    switch (selector.kind) {
      case 'ids':
        return collection.write(build(encodeIdsBlock(selector.ids)), options);
      case 'filter':
        return collection.writeFiltered(compileFilter(selector.filter) ?? everything, build(noIds), options);
    }
  }
}

export function checkVectorName(collection: Collection, name: string): void {
  if (!collection.shapes.some((shape) => shape.name === name)) throw unknownVectorName(name);
}

export function unknownVectorName(name: string): ServiceError {
  return new ServiceError('bad-input', `Not existing vector name error: ${name}`);
}
