import { pino } from 'pino';
import { beforeEach, expect, test } from 'vitest';
import type { QdrantClusterResource } from '../../src/api/qdrant-cluster.js';
import { LeaseTooShort } from '../../src/apply/fence.js';
import { NoNodeAnswers } from '../../src/apply/apply-step.js';
import { ClusterReports, type Report } from '../../src/controller/cluster-reports.js';
import { OperatorMetrics } from '../../src/controller/metrics.js';
import { passFailure } from '../../src/controller/pass-failure.js';
import { KubernetesError } from '../../src/k8s/kubernetes-api.js';
import type { Plan } from '../../src/plan/plan.js';
import { QdrantError } from '../../src/qdrant/qdrant-api.js';

const name = { namespace: 'ns', name: 'a' };
const cluster: QdrantClusterResource = {
  apiVersion: 'qdrantcluster.dev/v1',
  kind: 'QdrantCluster',
  metadata: { ...name, uid: 'u' },
  spec: { version: '0.1.0', size: 3 },
};

let lines: string[];
let events: Report[];
let metrics: OperatorMetrics;
let reports: ClusterReports;

beforeEach(() => {
  lines = [];
  events = [];
  metrics = new OperatorMetrics(() => ({
    ...{ leading: true, queueDepth: 0, clustersByPhase: new Map(), reflectorSilenceSeconds: new Map() },
  }));
  const logger = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
  reports = new ClusterReports(logger, metrics, (event) => events.push(event));
});

function planWith(blocks: Plan['blocks']): Plan {
  return {
    ...{ replicas: 3, quietSteps: [], step: null, waiting: null, blocks, lostPeers: [], operation: null },
    ...{ plannedMoves: [], disruptionAllowed: false, lookAgainMs: 1000 },
  };
}

test('a step of a procedure is one line and one event; upkeep is neither', async () => {
  const step = { kind: 'set-serving', pod: { name: 'p', uid: 'u' }, serving: true } as const;
  reports.stepTaken(cluster, null, step, 'Let it serve');
  reports.stepTaken(cluster, 'ScaleDown', { kind: 'shrink', to: 2, why: '' }, 'Shrink the set to 2 pods');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    ...{ cluster: 'ns/a', procedure: 'ScaleDown', step: 'shrink', msg: 'Shrink the set to 2 pods' },
  });
  expect(events).toMatchObject([{ reason: 'StepTaken', action: 'ScaleDown', note: 'Shrink the set to 2 pods' }]);
  expect(await metrics.text()).toContain('qdrant_operator_steps_total{step="set-serving"} 1');
});

test('a block is told when it begins, not while it lasts, and again when it comes back', () => {
  const block = { procedure: 'ScaleDown', reason: 'ReplicaLossForbidden' } as const;
  reports.statusSeen(cluster, {}, planWith([{ ...block, message: '3 shards' }]));
  reports.statusSeen(cluster, {}, planWith([{ ...block, message: '2 shards' }]));
  reports.statusSeen(cluster, {}, planWith([]));
  reports.statusSeen(cluster, {}, planWith([{ ...block, message: '2 shards' }]));
  expect(events.map(({ note }) => note)).toEqual(['ReplicaLossForbidden: 3 shards', 'ReplicaLossForbidden: 2 shards']);
});

test('a phase is told when it changes', () => {
  reports.statusSeen(cluster, { phase: 'Creating' }, planWith([]));
  reports.statusSeen({ ...cluster, status: { phase: 'Creating' } }, { phase: 'Creating' }, planWith([]));
  reports.statusSeen({ ...cluster, status: { phase: 'Creating' } }, { phase: 'Healthy' }, planWith([]));
  expect(events.map(({ note }) => note)).toEqual(['Now Creating', 'From Creating to Healthy']);
});

test('an object that cannot be applied is told once', () => {
  const problems = [{ reason: 'NameTaken', message: 'The Service qdrant-a belongs to the Shop shop.' }] as const;
  for (let pass = 0; pass < 3; pass += 1) reports.baseObjects(cluster, { problems, changes: [], waiting: false });
  expect(events.map(({ reason }) => reason)).toEqual(['ObjectNotApplied']);
});

test('the same failure again and again is one line, until a pass succeeds', () => {
  const error = new KubernetesError('unavailable', 'away');
  for (let pass = 0; pass < 3; pass += 1) reports.passFailed(name, cluster, passFailure(error), error);
  expect(lines).toHaveLength(1);
  reports.statusSeen(cluster, {}, planWith([]));
  reports.passFailed(name, cluster, passFailure(error), error);
  expect(lines).toHaveLength(2);
});

test.each([
  ['a conflict', new KubernetesError('conflict', ''), 'kubernetes-conflict', 'quiet', false],
  ['an object that went away', new KubernetesError('not-found', ''), 'kubernetes-not-found', 'quiet', false],
  ['an API server that is away', new KubernetesError('unavailable', ''), 'kubernetes-unavailable', 'warn', false],
  ['a node that refuses', new QdrantError('refused', ''), 'qdrant-refused', 'warn', false],
  ['nobody to ask', new NoNodeAnswers(''), 'no-node-answers', 'warn', false],
  ['a lead that ends', new LeaseTooShort(0, 0), 'lease', 'quiet', true],
  ['a defect', new TypeError('x is not a function'), 'defect', 'defect', false],
  ['what is no error', 'thrown text', 'defect', 'defect', false],
])('%s ends a pass, which is tried again', (_what, error, reason, level, leadLost) => {
  expect(passFailure(error)).toEqual({
    ...{ reason, level, leadLost },
    outcome: { kind: 'failed', retryAfterMs: null },
  });
});

test('a server that asks for a pause gets it', () => {
  const { outcome } = passFailure(new KubernetesError('too-many-requests', '', 7000));
  expect(outcome).toEqual({ kind: 'failed', retryAfterMs: 7000 });
});
