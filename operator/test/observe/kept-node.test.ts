import type { V1Node } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { namesOfId } from '../../src/build/names.js';
import { ObjectCache } from '../../src/k8s/object-cache.js';
import { keptNode } from '../../src/observe/kept-node.js';
import { observedPod } from '../../src/observe/observed-pod.js';
import { group, podOf, workerOf } from './objects.js';

function wholeNode(ready: boolean): V1Node {
  const { metadata, status } = workerOf('worker-1', ready);
  return {
    metadata: { ...metadata, uid: 'u', resourceVersion: '5', annotations: { 'example.com/notes': 'long' } },
    spec: { podCIDR: '10.1.0.0/24', taints: [{ key: 'a', effect: 'NoSchedule' }] },
    status: {
      ...status,
      capacity: { cpu: '8' },
      images: Array.from({ length: 50 }, (_, at) => ({ names: [`registry.example/image-${at}`], sizeBytes: at })),
    },
  };
}

test.each([true, false])('a pod is seen by what is kept of its node as by all of it: ready is %s', (ready) => {
  const seenBy = (node: V1Node) =>
    observedPod(podOf(1), { names: namesOfId('a'), group, nodes: new Map([['worker-1', node]]) });
  const seen = seenBy(keptNode(wholeNode(ready)));
  expect(seen).toEqual(seenBy(wholeNode(ready)));
  expect(seen).toMatchObject({ kubernetesNodeReady: ready, zone: 'zone-1' });
});

test('nothing else is kept, in the cache or for who listens to it', () => {
  const told: (V1Node | null)[] = [];
  const cache = new ObjectCache('Node', {
    keep: keptNode,
    onListenerError: (error) => {
      throw error;
    },
  });
  cache.subscribe(({ after }) => told.push(after));
  cache.put(wholeNode(true));
  const kept = {
    metadata: {
      ...{ name: 'worker-1', uid: 'u', resourceVersion: '5' },
      labels: { 'topology.kubernetes.io/zone': 'zone-1' },
    },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  };
  expect(cache.get({ namespace: '', name: 'worker-1' })).toEqual(kept);
  expect(told).toEqual([kept]);
});

test('a node without anything is kept without anything', () => {
  expect(keptNode({})).toEqual({ metadata: {}, status: { conditions: [] } });
});
