/** The shapes of a node's answers, checked once; what is not of these shapes is not Qdrant's. */
import { z } from 'zod';
import { peerIdPattern, replicaStates, type ClusterView, type CollectionView, type ReplicaView } from './qdrant-api.js';

/** A u64 of an older cluster has 20 digits. */
const digits = z.string().regex(peerIdPattern);

export const peerId = z.union([z.int().nonnegative().transform(String), digits]);

const count = z.int().nonnegative();

/** Addresses are compared as text, and the original shows them with a slash at the end. */
const uri = z
  .string()
  .max(2048)
  .transform((text) => (text.endsWith('/') ? text.slice(0, -1) : text));

export const bannerAnswer = z.object({ version: z.string().min(1).max(100) });

export const collectionsAnswer = z.object({
  collections: z.array(
    z.object({
      // The two names that a path would not lead to are no names of collections.
      name: z
        .string()
        .min(1)
        .max(255)
        .refine((name) => name !== '.' && name !== '..'),
    }),
  ),
});

const enabled = z.object({
  status: z.literal('enabled'),
  peer_id: peerId,
  peers: z.record(digits, z.object({ uri })),
  raft_info: z.object({
    term: count,
    commit: count,
    pending_operations: count,
    leader: peerId.nullish(),
    is_voter: z.boolean(),
  }),
  consensus_thread_status: z.object({ consensus_thread_status: z.string() }),
  message_send_failures: z.record(uri, z.unknown()),
});

export const clusterAnswer = z
  .discriminatedUnion('status', [z.object({ status: z.literal('disabled') }), enabled])
  .transform((answer): ClusterView | null => {
    if (answer.status === 'disabled') return null;
    const { raft_info: raft } = answer;
    return {
      peerId: answer.peer_id,
      peers: new Map(Object.entries(answer.peers).map(([peer, address]) => [peer, address.uri])),
      raft: {
        term: raft.term,
        commit: raft.commit,
        pendingOperations: raft.pending_operations,
        leader: raft.leader ?? null,
        isVoter: raft.is_voter,
        consensusWorks: answer.consensus_thread_status.consensus_thread_status === 'working',
      },
      sendFailures: new Set(Object.keys(answer.message_send_failures)),
    };
  });

const replicaState = z.enum(replicaStates);

const shardKey = z
  .union([z.string().max(1024), z.number().transform(String)])
  .nullish()
  .transform((key) => key ?? null);

const shardBase = { shard_id: count, shard_key: shardKey, state: replicaState };

/** Everything of a view of a collection but its name and its replication factor. */
export type CollectionPlacement = Omit<CollectionView, 'name' | 'replicationFactor'>;

export const placementAnswer = z
  .object({
    peer_id: peerId,
    local_shards: z.array(z.object({ ...shardBase, points_count: count.nullish() })),
    remote_shards: z.array(z.object({ ...shardBase, peer_id: peerId })),
    shard_transfers: z.array(
      z.object({
        shard_id: count,
        from: peerId,
        to: peerId,
        sync: z.boolean(),
        comment: z.string().nullish(),
      }),
    ),
    resharding_operations: z.array(z.unknown()).nullish(),
  })
  .transform((answer): CollectionPlacement => {
    const local = answer.local_shards.map((shard): ReplicaView => ({
      shard: shard.shard_id,
      shardKey: shard.shard_key,
      peer: answer.peer_id,
      state: shard.state,
      points: shard.points_count ?? null,
    }));
    const remote = answer.remote_shards.map((shard): ReplicaView => ({
      shard: shard.shard_id,
      shardKey: shard.shard_key,
      peer: shard.peer_id,
      state: shard.state,
      points: null,
    }));
    return {
      replicas: [...local, ...remote],
      transfers: answer.shard_transfers.map(({ shard_id: shard, from, to, sync, comment }) => ({
        ...{ shard, from, to, sync },
        comment: comment ?? null,
      })),
      resharding: (answer.resharding_operations?.length ?? 0) > 0,
    };
  });

export const collectionAnswer = z
  .object({ config: z.object({ params: z.object({ replication_factor: z.int().positive().nullish() }) }) })
  .transform(({ config }) => config.params.replication_factor ?? 1);

/** What a node says when it refuses. */
export const errorAnswer = z.object({ status: z.object({ error: z.string() }) });
