/** Looks at one replica of each shard of a collection, here or on another peer. */
import type { Consensus } from '../consensus/consensus.js';
import { ServiceError, toServiceError } from '../errors.js';
import { replicaOn, type ShardState } from '../metadata/metadata-state.js';
import { isReadable } from '../metadata/replica-state.js';
import type { RemoteReplicas, ReplicaInfo } from '../replica/remote-replicas.js';
import type { Collection } from './collection.js';
import { replicaInfo } from './replica-info.js';

const remoteTimeoutMs = 5_000;

/** In the order of the shards. Rejects when no replica of a shard can be asked. */
export function shardOverview(
  collection: Collection,
  consensus: Consensus,
  remote: RemoteReplicas,
): Promise<readonly ReplicaInfo[]> {
  return Promise.all(collection.state.shards.map((shard) => infoOf(collection, shard, consensus, remote)));
}

async function infoOf(
  collection: Collection,
  shard: ShardState,
  { self, state }: Consensus,
  remote: RemoteReplicas,
): Promise<ReplicaInfo> {
  const own = replicaOn(shard, self);
  const local = collection.locals.get(shard.id);
  const others = shard.replicas.filter(({ peer }) => peer !== self);
  const readable = others.filter((replica) => isReadable(replica.state));
  // One that may be incomplete is better than nothing, and the only one there is while a collection begins.
  if (local !== null && own !== null && (isReadable(own.state) || readable.length === 0)) return replicaInfo(local);
  const target = { collection: collection.id, shard: shard.id, metadataIndex: state.appliedIndex };
  let failure: unknown = null;
  for (const { peer } of readable.length > 0 ? readable : others) {
    try {
      return await remote.info(peer, target, remoteTimeoutMs);
    } catch (error) {
      failure = error;
    }
  }
  const reason = failure === null ? 'it has none here' : toServiceError(failure).message;
  throw new ServiceError('internal', `No replica of shard ${shard.id} can be asked: ${reason}`, { cause: failure });
}
