import { expect, test } from 'vitest';
import { clusterStatus, type ClusterStatus } from '../../src/api/cluster-status.js';
import { statusOfInvalid } from '../../src/status/status-of-invalid.js';
import { startMs } from '../assess/observed-cluster.js';

const problems = ['resources.storage: "10 apples" is no quantity; write "10Gi".'];

test('a spec that cannot be followed stalls the cluster, and says why', () => {
  const status = statusOfInvalid({ previous: null, generation: 2, problems, atMs: startMs });
  expect(clusterStatus.safeParse(status).success).toBe(true);
  expect(status).toMatchObject({ observedGeneration: 2, phase: 'FailedToCreate', reason: problems[0] });
  expect(status.conditions?.map(({ type, status: is, reason }) => [type, is, reason])).toEqual([
    ['Ready', 'False', 'InvalidSpec'],
    ['Reconciling', 'False', 'InvalidSpec'],
    ['Stalled', 'True', 'InvalidSpec'],
  ]);
});

test('what is known of the cluster stays, the claim above all', () => {
  const previous: ClusterStatus = {
    bootstrap: { peerId: '1', nodeIndex: 0, at: '2026-11-01T00:00:00.000Z' },
    currentNodes: 3,
    conditions: [
      {
        type: 'ShardsHealthy',
        status: 'True',
        reason: 'AllActive',
        message: 'Every replica is Active.',
        lastTransitionTime: '2026-11-01T00:00:00.000Z',
      },
    ],
  };
  const status = statusOfInvalid({ previous, generation: 3, problems, atMs: startMs });
  expect(status).toMatchObject({ phase: 'FailedToUpdate', bootstrap: previous.bootstrap, currentNodes: 3 });
  expect(status.conditions?.map(({ type }) => type)).toEqual(['Ready', 'Reconciling', 'Stalled', 'ShardsHealthy']);
});

test('the same spec later gives an equal status', () => {
  const first = statusOfInvalid({ previous: null, generation: 2, problems, atMs: startMs });
  expect(statusOfInvalid({ previous: first, generation: 2, problems, atMs: startMs + 60_000 })).toEqual(first);
});
