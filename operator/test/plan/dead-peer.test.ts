/** A peer whose volume is gone is replaced where nothing is lost by it. */
import { describe, expect, test } from 'vitest';
import type { OperationRecord } from '../../src/observe/observation.js';
import {
  healthy,
  mapAnswers,
  members,
  peerAt,
  silent,
  startMs,
  volumeLost,
  waitingPod,
  wanting,
  withMembers,
  withPod,
  withShards,
  withTransfers,
  withVolume,
} from '../assess/observed-cluster.js';
import { docs, onlyOnLost, planFor, setOf, testRows } from './fault-matrix.js';

/** What the status says of attempts to remove the second peer. */
function removal(attempts: number, beforeMs: number): OperationRecord {
  return {
    ...{ type: 'DeadPeer', step: 'remove-peer', target: peerAt(1), attempts, progress: null, message: '' },
    ...{ startedAtMs: startMs - beforeMs, procedureSinceMs: startMs - 3_600_000, leaseTransitions: 1 },
  };
}

test('attempts to remove a voter are not forgotten while the block that they led to is told', () => {
  const operation = removal(3, 30_000);
  expect(planFor({ ...volumeLost(healthy(2), 1), operation }).operation).toEqual(operation);
});

describe('a volume that is lost', () => {
  const lost = withShards(volumeLost(healthy(3), 2), docs);
  const unique = withShards(volumeLost(healthy(3), 2), docs, onlyOnLost);
  const agreed = wanting(unique, { consent: { dataLossOf: peerAt(2), newClusterAfter: null } });
  const gone = withShards(volumeLost(healthy(3), 2), { ...docs, on: [peerAt(0)] });
  const removed = withMembers(withMembers(gone, 0, members(0, 1)), 1, members(0, 1));
  const transfer = { shard: 0, from: peerAt(0), to: peerAt(2), sync: true, comment: null };
  testRows([
    { seen: 'its shards live elsewhere', observation: lost, does: 'DeadPeer: drop-replica', replicas: 3 },
    {
      seen: 'a transfer to it was under way',
      observation: withTransfers(lost, 'docs', transfer),
      does: 'DeadPeer: abort-transfer',
      replicas: 3,
    },
    { seen: 'its replicas are dropped', observation: gone, does: 'DeadPeer: remove-peer', replicas: 3 },
    { seen: 'its peer is removed', observation: removed, does: 'Join: grant-start', replicas: 3 },
    { seen: 'a shard is nowhere else', observation: unique, does: 'DeadPeer!NoActiveReplica', replicas: 3 },
    { seen: 'the same, and the loss is agreed to', observation: agreed, does: 'DeadPeer: drop-replica', replicas: 3 },
    {
      seen: 'recovery is manual',
      observation: wanting(lost, { deadPeer: { detectAfterMs: 1, recover: false } }),
      does: 'DeadPeer!ManualRecovery',
      replicas: 3,
    },
    {
      seen: 'the shards are not agreed on',
      observation: mapAnswers(lost, (answer) => ({ ...answer, collections: null })),
      does: 'DeadPeer waits',
      replicas: 3,
    },
    {
      seen: 'of two peers one lost its volume',
      observation: withShards(volumeLost(healthy(2), 1), { ...docs, on: [peerAt(0), peerAt(1)] }),
      does: 'cluster!QuorumLost',
      replicas: 2,
    },
    {
      // It may never have voted: then the other can remove it, and else nothing comes of the attempt.
      seen: 'of two peers one lost its volume, and had no shards',
      observation: volumeLost(healthy(2), 1),
      does: 'DeadPeer: remove-peer',
      replicas: 2,
    },
    {
      seen: 'the same, and removing it was tried a second time',
      observation: { ...volumeLost(healthy(2), 1), operation: removal(2, 30_000) },
      does: 'DeadPeer: remove-peer',
      replicas: 2,
    },
    {
      seen: 'the same, and removing it failed again and again: it was a voter',
      observation: { ...volumeLost(healthy(2), 1), operation: removal(3, 30_000) },
      does: 'cluster!QuorumLost',
      replicas: 2,
    },
    {
      seen: 'the same, and the last attempt was long ago',
      observation: { ...volumeLost(healthy(2), 1), operation: removal(3, 600_000) },
      does: 'DeadPeer: remove-peer',
      replicas: 2,
    },
    {
      seen: 'a lost peer, and a pod that joins',
      observation: {
        ...wanting(withShards(volumeLost(healthy(5), 2), docs), { size: 6 }),
        set: setOf(6),
        pods: [...volumeLost(healthy(5), 2).pods, { ...waitingPod(5), grant: `join=${members(0).get(peerAt(0))}` }],
      },
      does: 'Join waits',
      replicas: 6,
    },
    {
      seen: 'a claim without its volume, whose peer is removed',
      observation: withVolume(
        withPod(withMembers(withMembers(silent(healthy(3), 2), 0, members(0, 1)), 1, members(0, 1)), 2, {
          ready: false,
          running: false,
          disk: { kind: 'unknown' },
          notReadySinceMs: startMs - 3_600_000,
        }),
        2,
        { lost: true, detached: true },
      ),
      does: 'Join: delete-volume',
      replicas: 3,
    },
  ]);

  test('with consent the peer goes by force, once what can be dropped is dropped', () => {
    const left = wanting(withShards(volumeLost(healthy(3), 2), onlyOnLost), agreed.wanted);
    expect(planFor(left).step?.step).toMatchObject({ kind: 'remove-peer', peer: peerAt(2), force: true });
    expect(planFor(gone).step?.step).toMatchObject({ kind: 'remove-peer', peer: peerAt(2), force: false });
  });

  test('of two that are lost one is replaced first', () => {
    const two = withShards(volumeLost(healthy(5), 2, 3), docs, { ...docs, shard: 1, on: [peerAt(0), peerAt(3)] });
    expect(planFor(two).step?.step).toMatchObject({ kind: 'drop-replica', peer: peerAt(2) });
  });

  test('people are told what was on it and where else that is', () => {
    expect(planFor(unique).lostPeers).toEqual([
      {
        peer: peerAt(2),
        pod: 'qdrant-a-2',
        evidence: 'qdrant-a-2 came up with an empty volume',
        shards: [`docs/0: also on ${peerAt(0)} (qdrant-a-0)`, 'docs/1: on no other peer'],
      },
    ]);
  });
});
