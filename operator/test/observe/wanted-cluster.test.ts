import { expect, test } from 'vitest';
import { claimInStatus, operationInStatus } from '../../src/observe/status-facts.js';
import { peerUri, wantedOf } from '../../src/observe/wanted-cluster.js';
import { group, resourceOf } from './objects.js';

test('what is not given has its default', () => {
  const { wanted, problems } = wantedOf(resourceOf(), group);
  expect(problems).toEqual([]);
  expect(wanted).toEqual({
    namespace: 'default',
    name: 'a',
    size: 3,
    pause: null,
    rebalance: true,
    movesShards: true,
    drain: { timeoutMs: 3_600_000, forbidReplicaLoss: true },
    deadPeer: { detectAfterMs: 360_000, recover: true },
    volumesWhenScaled: 'Delete',
    consent: { dataLossOf: null, newClusterAfter: null },
    peerScheme: 'http',
    headlessService: 'qdrant-headless-a',
    setName: 'qdrant-a',
  });
  expect(peerUri(wanted, 2)).toBe('http://qdrant-a-2.qdrant-headless-a:6335');
});

test('what is given counts', () => {
  const { wanted } = wantedOf(
    resourceOf({
      size: 5,
      pauses: [{ owner: 'ops', reason: 'maintenance' }, {}],
      rebalanceStrategy: 'disabled',
      config: { tls: { caCert: { secretKeyRef: { name: 's', key: 'ca' } } } },
      operator: {
        drain: { timeout: '1h30m', forbidReplicaLoss: false },
        deadPeer: { detectAfter: '90s', action: 'Manual' },
        persistentVolumeClaimRetention: { whenScaled: 'Retain' },
      },
    }),
    group,
  );
  expect(wanted).toMatchObject({
    size: 5,
    pause: 'by ops: maintenance, and 1 more',
    rebalance: false,
    movesShards: true,
    drain: { timeoutMs: 5_400_000, forbidReplicaLoss: false },
    deadPeer: { detectAfterMs: 90_000, recover: false },
    volumesWhenScaled: 'Retain',
    peerScheme: 'https',
  });
});

test('without the cluster manager no shard moves for any reason', () => {
  expect(wantedOf(resourceOf({ clusterManager: false }), group).wanted).toMatchObject({
    rebalance: false,
    movesShards: false,
  });
});

test('a consent names a peer, or is none', () => {
  const { acceptDataLoss, rebootstrap } = group.annotations;
  const of = (annotations: Record<string, string>) => wantedOf(resourceOf({}, { annotations }), group);
  expect(of({ [acceptDataLoss]: '18446744073709551615', [rebootstrap]: '7' }).wanted.consent).toEqual({
    dataLossOf: '18446744073709551615',
    newClusterAfter: '7',
  });
  for (const value of ['', 'true', '12 ', '-1', '1e9', '9'.repeat(21), 'x'.repeat(100_000)]) {
    const { wanted, problems } = of({ [acceptDataLoss]: value });
    expect(wanted.consent.dataLossOf).toBeNull();
    expect(problems).toEqual([expect.stringContaining(`${acceptDataLoss} names no peer`)]);
  }
});

test('a duration that is none gives way to the default, and is named', () => {
  const { wanted, problems } = wantedOf(resourceOf({ operator: { deadPeer: { detectAfter: 'soon' } } }), group);
  expect(wanted.deadPeer.detectAfterMs).toBe(360_000);
  expect(problems).toEqual(['spec.operator.deadPeer.detectAfter is no duration such as 90s, 6m or 1h30m.']);
});

test('what the status keeps is read back, and what was spoilt is not', () => {
  const at = '2026-01-01T00:00:00Z';
  expect(claimInStatus(undefined)).toBeNull();
  expect(claimInStatus({ bootstrap: { peerId: '12', nodeIndex: 0, at } })).toEqual({ peer: '12', ordinal: 0, at });
  expect(claimInStatus({ bootstrap: { peerId: 'me', nodeIndex: 0, at } })).toBeNull();
  expect(operationInStatus({ operation: { type: 'Join', step: 'grant-start', startedAt: 'yesterday' } })).toBeNull();
  const operation = { type: 'ScaleDown', step: 'move-shard', startedAt: at, target: 'docs/0', attempts: 2 };
  const progress = { seen: 'a/b', since: at };
  expect(operationInStatus({ operation: { ...operation, procedureSince: at, progress } })).toEqual({
    type: 'ScaleDown',
    step: 'move-shard',
    startedAtMs: Date.parse(at),
    procedureSinceMs: Date.parse(at),
    target: 'docs/0',
    attempts: 2,
    progress: { seen: 'a/b', sinceMs: Date.parse(at) },
    leaseTransitions: null,
    message: '',
  });
});
