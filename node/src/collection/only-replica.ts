/** A shard whose only replica is on this node. */
import { EngineError } from '../engine/engine-error.js';
import type { ScrollPage, ScrollRequest, SearchRequest } from '../engine/addon.js';
import type { CountRequest, RetrieveRequest, ShardWrite, ShardWriteOptions } from '../replica/remote-replicas.js';
import type { LocalShard, WriteResult } from '../shard/local-shard.js';
import type { ShardReplicas } from './shard-replicas.js';

/** Format version, kind and clock tag of an operation; the ids block follows (docs/internals/storage.md). */
const idsAt = 22;
const emptyIdsBytes = 4;

export class OnlyReplica implements ShardReplicas {
  readonly #local: () => LocalShard | null;

  constructor(local: () => LocalShard | null) {
    this.#local = local;
  }

  write(write: ShardWrite, options: ShardWriteOptions): Promise<WriteResult> {
    switch (write.kind) {
      case 'operation':
        return this.#shard().write(write.operation, options);
      case 'filtered': {
        const before = write.operation.subarray(0, idsAt);
        const after = write.operation.subarray(idsAt + emptyIdsBytes);
        return this.#shard().writeResolved(write.filter, (ids) => Buffer.concat([before, ids, after]), options);
      }
    }
  }

  search(request: SearchRequest): Promise<Buffer> {
    return this.#shard().search(request);
  }

  retrieve({ ids, payload, vectors }: RetrieveRequest): Promise<Buffer> {
    return this.#shard().retrieve(ids, payload, vectors);
  }

  scroll(request: ScrollRequest): Promise<ScrollPage> {
    return this.#shard().scroll(request);
  }

  count({ filter, exact }: CountRequest): Promise<number> {
    return this.#shard().count(filter, exact);
  }

  #shard(): LocalShard {
    const shard = this.#local();
    if (shard === null) throw new EngineError('CLOSED', 'the shard is not open');
    return shard;
  }
}
