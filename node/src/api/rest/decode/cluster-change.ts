/** The body of `POST /collections/{name}/cluster`: one change, under its name. */
import { peerIdMax, type PeerId } from '../../../metadata/peer-id.js';
import type { ClusterChange } from '../../../service/cluster-service.js';
import { asText, Fields, formatError, notServed, validationError } from './fields.js';

/** Changes of the original that this version does not do; each is refused by its name. */
const unserved = [
  'restart_transfer',
  'create_sharding_key',
  'drop_sharding_key',
  'start_resharding',
  'abort_resharding',
  'replicate_points',
  'finish_migrating_points',
  'commit_read_hash_ring',
  'commit_write_hash_ring',
  'finish_resharding',
] as const;

const served = ['move_shard', 'replicate_shard', 'abort_transfer', 'drop_replica'] as const;

export function decodeClusterChange(value: unknown): ClusterChange {
  const fields = Fields.of(value);
  fields.refuse(...unserved);
  const given = served.filter((name) => fields.has(name));
  const [name] = given;
  if (name === undefined || given.length > 1) {
    throw formatError('', `expected exactly one of ${served.join(', ')}`);
  }
  const change = Fields.of(fields.required(name), name);
  switch (name) {
    case 'move_shard':
      return { kind: 'move-shard', ...decodeCopy(change) };
    case 'replicate_shard':
      return { kind: 'replicate-shard', ...decodeCopy(change) };
    case 'abort_transfer':
      return { kind: 'abort-transfer', ...decodeWay(change) };
    case 'drop_replica':
      return { kind: 'drop-replica', shard: decodeShard(change), peer: decodePeer(change, 'peer_id') };
  }
}

interface Way {
  readonly shard: number;
  readonly from: PeerId;
  readonly to: PeerId;
}

function decodeWay(fields: Fields): Way {
  fields.refuse('to_shard_id');
  return {
    shard: decodeShard(fields),
    from: decodePeer(fields, 'from_peer_id'),
    to: decodePeer(fields, 'to_peer_id'),
  };
}

function decodeCopy(fields: Fields): Way {
  const way = decodeWay(fields);
  if (way.from === way.to) {
    throw validationError(fields.at('to_peer_id'), `value ${way.to} invalid, must be another peer than from_peer_id`);
  }
  const method = fields.read('method', asText);
  switch (method) {
    case undefined:
    case 'stream_records':
      return way;
    case 'snapshot':
    case 'wal_delta':
      throw notServed(`${fields.at('method')} ${method}`);
    default:
      throw formatError(fields.at('method'), 'expected stream_records, snapshot or wal_delta');
  }
}

function decodeShard(fields: Fields): number {
  fields.required('shard_id');
  return fields.count('shard_id') ?? 0;
}

function decodePeer(fields: Fields, name: string): PeerId {
  fields.required(name);
  return fields.count(name, { max: peerIdMax }) ?? 0;
}
