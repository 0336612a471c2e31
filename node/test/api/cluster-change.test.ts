import { describe, expect, it } from 'vitest';
import { clusterChange } from '../../src/api/grpc/convert/cluster.js';
import { ShardTransferMethod, UpdateCollectionClusterSetupRequest } from '../../src/api/grpc/generated/collections.js';
import { decodeClusterChange } from '../../src/api/rest/decode/cluster-change.js';
import { JsonBody } from '../../src/api/rest/decode/json-body.js';
import { clusterStatusBody, collectionClusterBody } from '../../src/api/rest/encode/cluster.js';
import { loadAddon } from '../../src/engine/addon.js';
import { ServiceError } from '../../src/errors.js';

const { codec } = loadAddon();

const rest = (body: string) => decodeClusterChange(JsonBody.parsePlain(codec, Buffer.from(body)));

type Operation = UpdateCollectionClusterSetupRequest['operation'];
const grpc = (operation: Operation) => clusterChange(UpdateCollectionClusterSetupRequest.create({ operation }));

function failure(run: () => unknown): ServiceError {
  try {
    run();
  } catch (error) {
    if (error instanceof ServiceError) return error;
  }
  throw new Error('a ServiceError was expected');
}

const way = '"shard_id":1,"from_peer_id":9007199254740991,"to_peer_id":7';
const decoded = { shard: 1, from: 9007199254740991, to: 7 };

describe('a change of where shards are, over REST', () => {
  it.each([
    [`{"move_shard":{${way}}}`, { kind: 'move-shard', ...decoded }],
    [`{"replicate_shard":{${way},"method":"stream_records"}}`, { kind: 'replicate-shard', ...decoded }],
    [`{"abort_transfer":{${way}},"move_shard":null}`, { kind: 'abort-transfer', ...decoded }],
    ['{"drop_replica":{"shard_id":0,"peer_id":7}}', { kind: 'drop-replica', shard: 0, peer: 7 }],
  ])('%s', (body, expected) => {
    expect(rest(body)).toEqual(expected);
  });

  it.each([
    ['{}', 400, 'exactly one'],
    [`{"move_shard":{${way}},"abort_transfer":{${way}}}`, 400, 'exactly one'],
    ['{"move_shard":[]}', 400, 'move_shard'],
    ['{"move_shard":{"shard_id":1,"from_peer_id":7}}', 400, 'to_peer_id'],
    ['{"move_shard":{"shard_id":-1,"from_peer_id":7,"to_peer_id":8}}', 400, 'shard_id'],
    ['{"move_shard":{"shard_id":1,"from_peer_id":9007199254740992,"to_peer_id":8}}', 422, 'from_peer_id'],
    ['{"move_shard":{"shard_id":1,"from_peer_id":7,"to_peer_id":7}}', 422, 'another peer'],
    [`{"move_shard":{${way},"method":"snapshot"}}`, 400, 'method snapshot is not supported'],
    [`{"move_shard":{${way},"method":"fax"}}`, 400, 'stream_records'],
    [`{"move_shard":{${way},"to_shard_id":3}}`, 400, 'to_shard_id'],
    [`{"restart_transfer":{${way},"method":"snapshot"}}`, 400, 'restart_transfer is not supported'],
    ['{"create_sharding_key":{"shard_key":"a"}}', 400, 'create_sharding_key is not supported'],
    ['{"start_resharding":{"direction":"up"}}', 400, 'start_resharding is not supported'],
  ])('is refused: %s', (body, status, words) => {
    const error = failure(() => rest(body));
    expect(error.httpStatus).toBe(status);
    expect(error.text).toContain(words);
  });
});

describe('a change of where shards are, over gRPC', () => {
  const move = { shardId: 1, toShardId: undefined, fromPeerId: 9n, toPeerId: 7n, method: undefined };

  it('means the same', () => {
    expect(grpc({ $case: 'moveShard', value: move })).toEqual({ kind: 'move-shard', shard: 1, from: 9, to: 7 });
    expect(grpc({ $case: 'abortTransfer', value: move })).toMatchObject({ kind: 'abort-transfer' });
    expect(grpc({ $case: 'dropReplica', value: { shardId: 2, peerId: 9n } })).toEqual({
      ...{ kind: 'drop-replica', shard: 2, peer: 9 },
    });
  });

  it('is refused where it must be', () => {
    const cases: readonly [Operation, string][] = [
      [undefined, 'operation is required'],
      [{ $case: 'moveShard', value: { ...move, toPeerId: 9n } }, 'another peer'],
      [{ $case: 'moveShard', value: { ...move, method: ShardTransferMethod.Snapshot } }, 'not supported'],
      [{ $case: 'moveShard', value: { ...move, fromPeerId: 2n ** 53n } }, 'from_peer_id'],
      [{ $case: 'replicateShard', value: { ...move, toShardId: 4 } }, 'to_shard_id'],
      [{ $case: 'createShardKey', value: { shardKey: undefined, placement: [] } }, 'create_shard_key'],
    ];
    for (const [operation, words] of cases) expect(failure(() => grpc(operation)).text).toContain(words);
  });
});

describe('what is shown', () => {
  it('of a cluster has the shape of the original', () => {
    const consensus = {
      ...({ term: 4, commit: 12, pendingOperations: 1, leader: 7, role: 'Follower', isVoter: true } as const),
      thread: { kind: 'stopped-with-error', error: 'the disk is gone' } as const,
      sendFailures: new Map([
        ['http://b:6335', { count: 3, latestError: 'refused', latestErrorTimestamp: '2026-01-01T00:00:00.000Z' }],
      ]),
    };
    const peers = [{ id: 7, uri: 'http://a:6335', version: '1' }];
    expect(clusterStatusBody({ self: 8, peers, consensus })).toEqual({
      status: 'enabled',
      peer_id: 8,
      peers: { 7: { uri: 'http://a:6335/' } },
      raft_info: { term: 4, commit: 12, pending_operations: 1, leader: 7, role: 'Follower', is_voter: true },
      consensus_thread_status: { consensus_thread_status: 'stopped_with_err', err: 'the disk is gone' },
      message_send_failures: {
        'http://b:6335/': { count: 3, latest_error: 'refused', latest_error_timestamp: '2026-01-01T00:00:00.000Z' },
      },
    });
    expect(clusterStatusBody(null)).toEqual({ status: 'disabled' });
  });

  it('of a collection tells how far a transfer is', () => {
    const transfer = {
      id: 5,
      shard: 0,
      from: 1,
      to: 2,
      sync: true,
      method: 'stream_records',
      recovers: false,
    } as const;
    const shown = collectionClusterBody({
      ...{ self: 1, shardCount: 1 },
      localShards: [{ shard: 0, points: 10, state: 'Active' }],
      remoteShards: [{ shard: 0, peer: 2, state: 'Partial' }],
      transfers: [{ ...transfer, progress: { done: 4, total: 10 } }],
    });
    expect(shown).toEqual({
      ...{ peer_id: 1, shard_count: 1 },
      local_shards: [{ shard_id: 0, points_count: 10, state: 'Active' }],
      remote_shards: [{ shard_id: 0, peer_id: 2, state: 'Partial' }],
      shard_transfers: [
        {
          ...{ shard_id: 0, from: 1, to: 2, sync: true, method: 'stream_records' },
          comment: 'Transferring records (4/10)',
        },
      ],
    });
  });
});
