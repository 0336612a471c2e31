/**
 * What the operator takes for granted about Kubernetes' controllers of sets, claims and pods. The same cases run over
 * the controllers of the simulated world, and over real ones.
 */
import type { V1PersistentVolumeClaim, V1Pod, V1StatefulSet } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubernetesApi, MetadataChange } from '../../src/k8s/kubernetes-api.js';

export interface ControllersWorld {
  readonly api: KubernetesApi;
  readonly namespace: string;
  /** With `sh`, and there on every node. */
  readonly image: string;
  /** The annotation that a pod's second container waits for. */
  readonly startAnnotation: string;
  /** How long a condition may take to come true, by `nowMs`: of the real time, or of the simulated one. */
  readonly patienceMs: number;
  nowMs(): number;
  /** Lets the controllers go on for a moment. */
  pause(): Promise<void>;
  close(): Promise<void>;
}

export function controllersContract(name: string, makeWorld: () => Promise<ControllersWorld>): void {
  describe(`sets, claims and pods as the operator knows them: ${name}`, () => {
    let world: ControllersWorld;
    let made = 0;

    beforeAll(async () => {
      world = await makeWorld();
    });
    afterAll(() => world.close());

    const eventually = async (what: string, condition: () => Promise<boolean>): Promise<void> => {
      const endMs = world.nowMs() + world.patienceMs;
      while (!(await condition())) {
        if (world.nowMs() > endMs) throw new Error(`in vain it was waited until ${what}`);
        await world.pause();
      }
    };
    const at = (object: string): { namespace: string; name: string } => ({ namespace: world.namespace, name: object });
    const pod = (object: string): Promise<V1Pod | null> => world.api.get('Pod', at(object));
    const claim = (object: string): Promise<V1PersistentVolumeClaim | null> =>
      world.api.get('PersistentVolumeClaim', at(object));
    const uidOf = async (object: string): Promise<string | undefined> => (await pod(object))?.metadata?.uid;

    const makeSet = async (replicas: number): Promise<string> => {
      made += 1;
      const set = `set-${made}`;
      await world.api.create('StatefulSet', world.namespace, setOf(set, replicas, world));
      return set;
    };
    const change = async (set: string, edit: (live: V1StatefulSet) => void): Promise<void> => {
      const live = await world.api.get('StatefulSet', at(set));
      if (live === null) throw new Error(`there is no set ${set}`);
      edit(live);
      await world.api.replace('StatefulSet', at(set), live);
    };
    const scale = (set: string, replicas: number): Promise<void> =>
      change(set, (live) => {
        if (live.spec !== undefined) live.spec.replicas = replicas;
      });
    const annotate = async (object: string, annotations: MetadataChange['annotations']): Promise<void> => {
      await world.api.patchMetadata('Pod', at(object), annotations === undefined ? {} : { annotations }, {});
    };
    const runs = async (object: string): Promise<boolean> =>
      (await pod(object))?.status?.containerStatuses?.[0]?.state?.running !== undefined;
    const waitUntilRunning = (object: string): Promise<void> => eventually(`${object} runs`, () => runs(object));
    const deleteSet = async (set: string): Promise<void> => {
      await scale(set, 0);
      await eventually(`the pods of ${set} are gone`, async () => {
        const { items } = await world.api.list('Pod', { namespace: world.namespace, labelSelector: `set=${set}` });
        return items.length === 0;
      });
      await world.api.delete('StatefulSet', at(set), {});
    };

    test('pods are made by ordinal, all of them before any is ready, each with a claim of its own', async () => {
      const set = await makeSet(3);
      for (const ordinal of [0, 1, 2]) await waitUntilRunning(`${set}-${ordinal}`);
      for (const ordinal of [0, 1, 2]) {
        const found = await pod(`${set}-${ordinal}`);
        expect(isReady(found)).toBe(false);
        expect(found?.metadata?.labels).toMatchObject({ set, 'apps.kubernetes.io/pod-index': String(ordinal) });
        expect(found?.metadata?.ownerReferences?.[0]).toMatchObject({
          kind: 'StatefulSet',
          name: set,
          controller: true,
        });
        expect(found?.spec?.volumes).toContainEqual(
          expect.objectContaining({ persistentVolumeClaim: { claimName: `data-${set}-${ordinal}` } }),
        );
        const bound = await claim(`data-${set}-${ordinal}`);
        expect(bound?.status?.phase).toBe('Bound');
        expect(bound?.metadata?.labels).toMatchObject({ set, kind: 'data' });
      }
      await deleteSet(set);
    });

    test('the first container’s last line is in the status when the second runs', async () => {
      const set = await makeSet(1);
      await waitUntilRunning(`${set}-0`);
      const status = (await pod(`${set}-0`))?.status;
      expect(status?.initContainerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 0 });
      expect(status?.initContainerStatuses?.[0]?.state?.terminated?.message?.trim()).toBe('empty');
      expect(status?.podIP).toMatch(/^[0-9a-f.:]+$/);
      expect((await pod(`${set}-0`))?.spec?.nodeName).toBeTruthy();
      await deleteSet(set);
    });

    test('an annotation reaches the container that waits for it, and starts no other one', async () => {
      const set = await makeSet(1);
      await waitUntilRunning(`${set}-0`);
      const uid = await uidOf(`${set}-0`);
      await annotate(`${set}-0`, { [world.startAnnotation]: 'bootstrap' });
      await eventually(`${set}-0 is ready`, async () => isReady(await pod(`${set}-0`)));
      const found = await pod(`${set}-0`);
      expect(found?.metadata?.uid).toBe(uid);
      expect(found?.status?.containerStatuses?.[0]?.restartCount).toBe(0);
      await deleteSet(set);
    });

    test('a pod that is deleted comes back with its name and its claim, and as another one', async () => {
      const set = await makeSet(1);
      await waitUntilRunning(`${set}-0`);
      const before = await uidOf(`${set}-0`);
      const volume = (await claim(`data-${set}-0`))?.metadata?.uid;
      await annotate(`${set}-0`, { [world.startAnnotation]: 'bootstrap' });
      await world.api.delete('Pod', at(`${set}-0`), {});
      await eventually(`${set}-0 is another one`, async () => ![before, undefined].includes(await uidOf(`${set}-0`)));
      expect((await pod(`${set}-0`))?.metadata?.annotations?.[world.startAnnotation]).toBeUndefined();
      expect((await claim(`data-${set}-0`))?.metadata?.uid).toBe(volume);
      await deleteSet(set);
    });

    test('a smaller set takes its last pods away, keeps their claims, and uses them again', async () => {
      const set = await makeSet(3);
      for (const ordinal of [0, 1, 2]) await waitUntilRunning(`${set}-${ordinal}`);
      const volume = (await claim(`data-${set}-2`))?.metadata?.uid;
      const kept = await uidOf(`${set}-0`);
      await scale(set, 1);
      await eventually(
        'the last two are gone',
        async () => (await pod(`${set}-1`)) === null && (await pod(`${set}-2`)) === null,
      );
      expect(await uidOf(`${set}-0`)).toBe(kept);
      expect((await claim(`data-${set}-2`))?.metadata).toMatchObject({ uid: volume });
      expect((await claim(`data-${set}-2`))?.metadata?.deletionTimestamp).toBeUndefined();
      await scale(set, 3);
      await waitUntilRunning(`${set}-2`);
      expect((await claim(`data-${set}-2`))?.metadata?.uid).toBe(volume);
      await deleteSet(set);
    });

    test('a changed template restarts nothing; the next pod that is made takes it', async () => {
      const set = await makeSet(2);
      for (const ordinal of [0, 1]) await waitUntilRunning(`${set}-${ordinal}`);
      const [first, second] = [await uidOf(`${set}-0`), await uidOf(`${set}-1`)];
      const revision = (await pod(`${set}-0`))?.metadata?.labels?.['controller-revision-hash'];
      await change(set, (live) => {
        const metadata = live.spec?.template.metadata;
        if (metadata !== undefined) metadata.annotations = { changed: 'yes' };
      });
      const updateRevision = async (): Promise<string | undefined> =>
        (await world.api.get('StatefulSet', at(set)))?.status?.updateRevision;
      await eventually('the set knows its new revision', async () => (await updateRevision()) !== revision);
      await world.api.delete('Pod', at(`${set}-1`), {});
      await eventually(`${set}-1 is another one`, async () => ![second, undefined].includes(await uidOf(`${set}-1`)));
      const renewed = (await pod(`${set}-1`))?.metadata;
      expect(renewed?.annotations?.['changed']).toBe('yes');
      expect(renewed?.labels?.['controller-revision-hash']).toBe(await updateRevision());
      const kept = (await pod(`${set}-0`))?.metadata;
      expect(kept?.uid).toBe(first);
      expect(kept?.labels?.['controller-revision-hash']).toBe(revision);
      await deleteSet(set);
    });

    test('a claim stays as long as its pod, goes with it, and the next pod gets another one', async () => {
      const set = await makeSet(1);
      await waitUntilRunning(`${set}-0`);
      const volume = (await claim(`data-${set}-0`))?.metadata?.uid;
      await world.api.delete('PersistentVolumeClaim', at(`data-${set}-0`), {});
      await world.pause();
      const going = await claim(`data-${set}-0`);
      expect(going?.metadata).toMatchObject({ uid: volume, deletionTimestamp: expect.anything() as unknown });
      expect(await runs(`${set}-0`)).toBe(true);
      const before = await uidOf(`${set}-0`);
      await world.api.delete('Pod', at(`${set}-0`), {});
      await eventually(
        'the next one runs',
        async () => (await uidOf(`${set}-0`)) !== before && (await runs(`${set}-0`)),
      );
      const next = (await claim(`data-${set}-0`))?.metadata;
      expect(next?.uid).not.toBe(volume);
      expect(next?.deletionTimestamp).toBeUndefined();
      await deleteSet(set);
    });
  });
}

function isReady(pod: V1Pod | null): boolean {
  return pod?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
}

const waitForGrant = `trap 'exit 0' TERM
grant=
while [ "$grant" != bootstrap ]; do
  { IFS= read -r grant < /operator-pod/start; } 2> /dev/null
  sleep 0.2
done
: > /tmp/ready
while :; do sleep 0.2; done`;

/** As the operator writes it, but for the node: a container that looks at the volume, and one that waits. */
function setOf(name: string, replicas: number, { image, startAnnotation }: ControllersWorld): V1StatefulSet {
  const labels = { set: name };
  const container = { image, imagePullPolicy: 'IfNotPresent' };
  return {
    metadata: { name },
    spec: {
      serviceName: name,
      replicas,
      selector: { matchLabels: labels },
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'OnDelete' },
      template: {
        metadata: { labels },
        spec: {
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 5,
          initContainers: [
            { ...container, name: 'witness', command: ['sh', '-c', 'echo empty > /dev/termination-log'] },
          ],
          containers: [
            {
              ...container,
              name: 'qdrant',
              command: ['sh', '-c', waitForGrant],
              readinessProbe: { exec: { command: ['sh', '-c', '[ -e /tmp/ready ]'] }, periodSeconds: 1 },
              volumeMounts: [
                { name: 'data', mountPath: '/qdrant/storage' },
                { name: 'start', mountPath: '/operator-pod', readOnly: true },
                { name: 'tmp', mountPath: '/tmp' },
              ],
            },
          ],
          volumes: [
            {
              name: 'start',
              downwardAPI: {
                items: [{ path: 'start', fieldRef: { fieldPath: `metadata.annotations['${startAnnotation}']` } }],
              },
            },
            { name: 'tmp', emptyDir: {} },
          ],
        },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: 'data', labels: { kind: 'data' } },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    },
  };
}
