import { expect, test } from 'vitest';
import { namesOf } from '../../src/api/group.js';
import { applyStep, NoNodeAnswers, type StepContext } from '../../src/apply/apply-step.js';
import { LeaseTooShort } from '../../src/apply/fence.js';
import type { Assessment, Peer } from '../../src/assess/assessment.js';
import type { KubernetesApi, Manifest } from '../../src/k8s/kubernetes-api.js';
import type { ObservedPod } from '../../src/observe/observation.js';
import { fencedSteps, type Step, type StepKind } from '../../src/plan/step.js';
import type { QdrantNode } from '../../src/qdrant/qdrant-api.js';

const group = 'qdrantcluster.dev';
const pod = { name: 'qdrant-a-1', uid: 'pod-uid' };
const volume = { name: 'qdrant-storage-qdrant-a-1', uid: 'volume-uid' };
const move = { collection: 'docs', shard: 3, from: '11', to: '12' };
const claim = { peer: '10', ordinal: 0, at: '2026-01-01T00:00:00Z' };

/** Every call that a step makes, in order, as a line. */
class Trace {
  readonly lines: string[] = [];

  kubernetes(): KubernetesApi {
    const refuse = (): never => {
      throw new Error('no step calls this');
    };
    return {
      get: refuse,
      list: refuse,
      watch: refuse,
      create: refuse,
      replace: refuse,
      applyStatus: refuse,
      apply: (manifest, namespace) => {
        const replicas = manifest.kind === 'StatefulSet' ? manifest.spec?.replicas : undefined;
        this.lines.push(`apply ${manifest.kind} ${namespace}/${manifest.metadata.name} replicas=${String(replicas)}`);
        return Promise.resolve(manifest);
      },
      patchMetadata: (kind, name, change, precondition) => {
        const marks = { ...change.annotations, ...change.labels };
        this.lines.push(
          `patch ${kind} ${name.namespace}/${name.name} ${JSON.stringify(marks)} if ${JSON.stringify(precondition)}`,
        );
        return new Promise((resolve) => resolve(undefined as never));
      },
      delete: (kind, name, precondition) => {
        this.lines.push(`delete ${kind} ${name.namespace}/${name.name} if ${JSON.stringify(precondition)}`);
        return Promise.resolve();
      },
    };
  }

  node(name: string): QdrantNode {
    const call =
      (verb: string) =>
      (...values: unknown[]): Promise<void> => {
        this.lines.push(`${name}: ${verb} ${JSON.stringify(values)}`);
        return Promise.resolve();
      };
    const refuse = (): never => {
      throw new Error('no step calls this');
    };
    return {
      ...{ cluster: refuse, ready: refuse, version: refuse, collections: refuse, collection: refuse },
      moveShard: call('move'),
      replicateShard: call('replicate'),
      abortTransfer: call('abort'),
      dropReplica: ({ collection, shard, peer }) => call('drop')({ collection, shard, peer }),
      removePeer: call('remove'),
    };
  }
}

function peer(id: string, more: Partial<Peer> = {}): Peer {
  const answering = { name: `qdrant-a-${Number(id) - 10}` } as ObservedPod;
  return {
    ...{ id, uri: `http://${id}:6335`, ordinal: Number(id) - 10, pod: answering },
    ...{ voter: true, consensusWorks: true, commit: 5 },
    ...more,
  };
}

function assessmentOf(peers: readonly Peer[], leader: string | null): Assessment {
  return {
    claim: { kind: 'unclaimed' },
    twoClusters: null,
    peers,
    leader,
    quorum: { available: true, settling: false, beyondReturn: false, why: '' },
    shardMap: { kind: 'unknown', why: '' },
    ...{ lostPeers: [], waitingPods: [], joiningPods: [], strangers: [], detachedVolumes: [] },
  };
}

function contextOf(trace: Trace, more: Partial<StepContext> = {}): StepContext {
  return {
    kubernetes: trace.kubernetes(),
    namespace: 'ns',
    fence: { remainingMs: () => 12_000, transitions: 3 },
    fencedCallTimeoutMs: 5000,
    names: namesOf(group),
    assessment: assessmentOf([peer('10'), peer('11'), peer('12')], '11'),
    nodeOf: (name) => trace.node(name),
    setWith: (replicas): Manifest => ({
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'qdrant-a' },
      spec: { replicas, serviceName: 'h', selector: {}, template: {} },
    }),
    writeRecord: ({ peer: id }) => {
      trace.lines.push(`record ${id}`);
      return Promise.resolve();
    },
    writeClaimStatus: ({ peer: id }) => {
      trace.lines.push(`status ${id}`);
      return Promise.resolve();
    },
    ...more,
  };
}

async function traceOf(step: Step, more: Partial<StepContext> = {}): Promise<string[]> {
  const trace = new Trace();
  await applyStep(step, contextOf(trace, more));
  return trace.lines;
}

/** One of each kind. */
const steps: Readonly<Record<StepKind, Step>> = {
  'grant-start': { kind: 'grant-start', pod, grant: { kind: 'join', uris: ['http://a:6335', 'http://b:6335'] } },
  'write-claim': { kind: 'write-claim', claim, volumes: [volume] },
  'label-volume': { kind: 'label-volume', volume, peer: '11', firstPeer: '10' },
  'set-serving': { kind: 'set-serving', pod, serving: false },
  'move-shard': { kind: 'move-shard', move, why: '' },
  'replicate-shard': { kind: 'replicate-shard', copy: move, why: '' },
  'abort-transfer': { kind: 'abort-transfer', transfer: move, why: '' },
  'drop-replica': { kind: 'drop-replica', collection: 'docs', shard: 3, peer: '11', why: '' },
  'remove-peer': { kind: 'remove-peer', peer: '11', force: false, why: '' },
  'detach-volume': { kind: 'detach-volume', volume },
  'delete-volume': { kind: 'delete-volume', volume, why: '' },
  'delete-pod': { kind: 'delete-pod', pod, why: '' },
  shrink: { kind: 'shrink', to: 2, why: '' },
  grow: { kind: 'grow', to: 4, why: '' },
};

const moveText = '[{"collection":"docs","shard":3,"from":"11","to":"12"}]';

test.each<[StepKind, string[]]>([
  [
    'grant-start',
    [`patch Pod ns/qdrant-a-1 {"${group}/start":"join=http://a:6335,http://b:6335"} if {"uid":"pod-uid"}`],
  ],
  [
    'write-claim',
    [
      'record 10',
      `patch PersistentVolumeClaim ns/${volume.name} {"${group}/first-peer":"10"} if {"uid":"volume-uid"}`,
      'status 10',
    ],
  ],
  [
    'label-volume',
    [
      `patch PersistentVolumeClaim ns/${volume.name} {"${group}/peer":"11","${group}/first-peer":"10"} if {"uid":"volume-uid"}`,
    ],
  ],
  ['set-serving', [`patch Pod ns/qdrant-a-1 {"${group}/serving":"false"} if {"uid":"pod-uid"}`]],
  ['move-shard', [`qdrant-a-1: move ${moveText}`]],
  ['replicate-shard', [`qdrant-a-1: replicate ${moveText}`]],
  ['abort-transfer', [`qdrant-a-1: abort ${moveText}`]],
  [
    'detach-volume',
    [`patch PersistentVolumeClaim ns/${volume.name} {"${group}/detached":"true"} if {"uid":"volume-uid"}`],
  ],
  ['delete-volume', [`delete PersistentVolumeClaim ns/${volume.name} if {"uid":"volume-uid"}`]],
  ['delete-pod', ['delete Pod ns/qdrant-a-1 if {"uid":"pod-uid"}']],
  ['shrink', ['apply StatefulSet ns/qdrant-a replicas=2']],
  ['grow', ['apply StatefulSet ns/qdrant-a replicas=4']],
])('%s', async (kind, lines) => {
  expect(await traceOf(steps[kind])).toEqual(lines);
});

test('the first pod leaves the Service in the same patch that lets it begin', async () => {
  expect(await traceOf({ kind: 'grant-start', pod, grant: { kind: 'bootstrap' } })).toEqual([
    `patch Pod ns/qdrant-a-1 {"${group}/start":"bootstrap","${group}/serving":"false"} if {"uid":"pod-uid"}`,
  ]);
});

test('a peer that leaves is never the one that is asked, even when it leads', async () => {
  expect(await traceOf(steps['remove-peer'])).toEqual(['qdrant-a-0: remove ["11",{"force":false}]']);
  expect(await traceOf(steps['drop-replica'])).toEqual([
    'qdrant-a-0: drop [{"collection":"docs","shard":3,"peer":"11"}]',
  ]);
});

test('without its leader the member that is furthest ahead is asked, voters first', async () => {
  const peers = [
    peer('10', { commit: 7 }),
    peer('11', { pod: null }),
    peer('12', { commit: 9 }),
    peer('13', { voter: false, commit: 99 }),
    peer('14', { consensusWorks: false, commit: 100 }),
  ];
  expect(await traceOf(steps['move-shard'], { assessment: assessmentOf(peers, '11') })).toEqual([
    `qdrant-a-2: move ${moveText}`,
  ]);
});

test('when nobody answers the step is left for the next pass', async () => {
  await expect(traceOf(steps['move-shard'], { assessment: assessmentOf([], null) })).rejects.toThrow(NoNodeAnswers);
  await expect(traceOf(steps['move-shard'], { nodeOf: () => null })).rejects.toThrow(NoNodeAnswers);
});

test.each([...fencedSteps])('%s is not sent when the lead may end while the call is under way', async (kind) => {
  const trace = new Trace();
  const short = contextOf(trace, { fence: { remainingMs: () => 9999, transitions: 3 } });
  await expect(applyStep(steps[kind], short)).rejects.toThrow(LeaseTooShort);
  expect(trace.lines).toEqual([]);
});

test.each(Object.values(steps))('$kind is not sent without the lead', async (step) => {
  const trace = new Trace();
  const lost = contextOf(trace, { fence: { remainingMs: () => 0, transitions: 3 } });
  await expect(applyStep(step, lost)).rejects.toThrow(LeaseTooShort);
  expect(trace.lines).toEqual([]);
});
