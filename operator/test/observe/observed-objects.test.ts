import { describe, expect, test } from 'vitest';
import { namesOfId } from '../../src/build/names.js';
import { observedPod } from '../../src/observe/observed-pod.js';
import { observedVolume } from '../../src/observe/observed-volume.js';
import { claimOf, createdAt, group, podOf, workerOf } from './objects.js';

const names = namesOfId('a');
const nodes = new Map([['worker-1', workerOf('worker-1', true)]]);
const surroundings = { names, group, nodes };

describe('a pod', () => {
  test('is read as a whole', () => {
    const pod = podOf(2, { witness: 'peer 123', annotations: { [group.annotations.start]: 'join=http://x:6335' } });
    expect(observedPod(pod, surroundings)).toEqual({
      name: 'qdrant-a-2',
      ordinal: 2,
      uid: 'uid-of-2',
      resourceVersion: '7',
      ip: '10.0.0.2',
      ready: true,
      deleting: false,
      running: true,
      disk: { kind: 'peer', peer: '123' },
      grant: 'join=http://x:6335',
      serving: true,
      revision: 'rev-1',
      kubernetesNode: 'worker-1',
      kubernetesNodeReady: true,
      zone: 'zone-1',
      createdAtMs: createdAt.getTime(),
      notReadySinceMs: null,
      restarts: 2,
      waiting: null,
    });
  });

  test.each([
    ['empty', { kind: 'empty' }],
    ['peer 18446744073709551615', { kind: 'peer', peer: '18446744073709551615' }],
    ['', { kind: 'unknown' }],
    ['peer', { kind: 'unknown' }],
    ['peer 12x', { kind: 'unknown' }],
    ['peer -1', { kind: 'unknown' }],
    ['empty\nempty', { kind: 'unknown' }],
    ['peer 123456789012345678901', { kind: 'unknown' }],
  ])('whose first container said %j has the disk %j', (witness, disk) => {
    expect(observedPod(podOf(0, { witness }), surroundings)?.disk).toEqual(disk);
  });

  test('whose first container failed, or runs again, has an unknown disk', () => {
    const pod = podOf(0);
    const [witness] = pod.status?.initContainerStatuses ?? [];
    if (witness === undefined) throw new Error('the pod has no first container');
    witness.state = { terminated: { exitCode: 1, message: 'empty' } };
    expect(observedPod(pod, surroundings)?.disk).toEqual({ kind: 'unknown' });
    witness.state = { running: {} };
    witness.lastState = { terminated: { exitCode: 0, message: 'empty' } };
    expect(observedPod(pod, surroundings)?.disk).toEqual({ kind: 'unknown' });
  });

  test('that does not become ready says since when, and why', () => {
    const pod = podOf(0, { ready: false, running: false });
    const [main] = pod.status?.containerStatuses ?? [];
    if (main === undefined) throw new Error('the pod has no container');
    main.state = { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 10s' } };
    main.lastState = { terminated: { exitCode: 101, message: 'the cluster does not let this node in' } };
    expect(observedPod(pod, surroundings)).toMatchObject({
      ready: false,
      running: false,
      notReadySinceMs: createdAt.getTime() + 5_000,
      waiting: {
        reason: 'CrashLoopBackOff',
        message: 'back-off 10s; it said: the cluster does not let this node in',
      },
    });
  });

  test('that finds no place says so', () => {
    const pod = podOf(0, { running: false, ready: false });
    pod.status = {
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: 'no cpu' }],
    };
    expect(observedPod(pod, surroundings)).toMatchObject({
      ip: null,
      disk: { kind: 'unknown' },
      notReadySinceMs: createdAt.getTime(),
      waiting: { reason: 'Unschedulable', message: 'no cpu' },
    });
  });

  test('on a node that is not ready, or gone, is on none that is', () => {
    const sick = new Map([['worker-1', workerOf('worker-1', false)]]);
    expect(observedPod(podOf(0), { ...surroundings, nodes: sick })?.kubernetesNodeReady).toBe(false);
    expect(observedPod(podOf(0), { ...surroundings, nodes: new Map() })?.kubernetesNodeReady).toBe(false);
  });

  test.each(['qdrant-a-x', 'qdrant-a-01', 'qdrant-ab-0', 'qdrant-a-b-0', ''])(
    'called %j is none of the set',
    (name) => {
      const pod = podOf(0);
      pod.metadata = { ...pod.metadata, name };
      expect(observedPod(pod, surroundings)).toBeNull();
    },
  );

  test('without anything in it is none', () => {
    expect(observedPod({}, surroundings)).toBeNull();
  });
});

describe('a volume', () => {
  test('says whose data is on it', () => {
    const labels = { [group.labels.firstPeer]: '11', [group.labels.peer]: '12', [group.labels.detached]: 'true' };
    expect(observedVolume(claimOf(1, labels), surroundings)).toEqual({
      name: 'qdrant-storage-qdrant-a-1',
      ordinal: 1,
      uid: 'claim-1',
      resourceVersion: '3',
      bound: true,
      lost: false,
      deleting: false,
      capacity: '10Gi',
      bootstrapPeer: '11',
      peer: '12',
      detached: true,
    });
  });

  test('with labels that name no peers says nothing by them', () => {
    const labels = { [group.labels.firstPeer]: 'x', [group.labels.peer]: '', [group.labels.detached]: 'yes' };
    expect(observedVolume(claimOf(1, labels), surroundings)).toMatchObject({
      bootstrapPeer: null,
      peer: null,
      detached: false,
    });
  });

  test('that is not for the data of this set is left out', () => {
    const other = claimOf(1);
    other.metadata = { ...other.metadata, name: 'qdrant-snapshots-qdrant-a-1' };
    expect(observedVolume(other, surroundings)).toBeNull();
    expect(observedVolume({}, surroundings)).toBeNull();
  });
});
