/** A pod of the set, as far as it matters. */
import type { V1ContainerStatus, V1Node, V1Pod } from '@kubernetes/client-node';
import type { GroupNames } from '../api/group.js';
import { zoneLabel } from '../build/labels.js';
import { ordinalOf, type ObjectNames } from '../build/names.js';
import { nodeContainer, witnessContainer } from '../build/pod-template.js';
import { timeMs } from './kubernetes-time.js';
import type { DiskWitness, ObservedPod } from './observation.js';

export interface PodSurroundings {
  readonly names: ObjectNames;
  readonly group: GroupNames;
  /** Kubernetes' nodes by name. */
  readonly nodes: ReadonlyMap<string, V1Node>;
}

const messageMaxChars = 1000;

/** Null: no pod of this set, or an object that lacks what every pod has. */
export function observedPod(pod: V1Pod, { names, group, nodes }: PodSurroundings): ObservedPod | null {
  const { metadata, spec, status } = pod;
  const { name, uid, resourceVersion } = metadata ?? {};
  const ordinal = name === undefined ? null : ordinalOf(names, name);
  if (name === undefined || uid === undefined || resourceVersion === undefined || ordinal === null) return null;
  const main = status?.containerStatuses?.find((container) => container.name === nodeContainer);
  const kubernetesNode = spec?.nodeName ?? null;
  const node = kubernetesNode === null ? undefined : nodes.get(kubernetesNode);
  const readiness = status?.conditions?.find(({ type }) => type === 'Ready');
  const ready = readiness?.status === 'True';
  const createdAtMs = timeMs(metadata?.creationTimestamp) ?? 0;
  return {
    ...{ name, ordinal, uid, resourceVersion },
    ip: status?.podIP === undefined || status.podIP === '' ? null : status.podIP,
    ready,
    deleting: metadata?.deletionTimestamp !== undefined,
    running: main?.state?.running !== undefined,
    disk: witnessOf(pod),
    grant: nonEmpty(metadata?.annotations?.[group.annotations.start]),
    serving: metadata?.labels?.[group.labels.serving] === 'true',
    revision: metadata?.labels?.['controller-revision-hash'] ?? null,
    kubernetesNode,
    kubernetesNodeReady:
      node?.status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true,
    zone: node?.metadata?.labels?.[zoneLabel] ?? null,
    createdAtMs,
    notReadySinceMs: ready ? null : (timeMs(readiness?.lastTransitionTime) ?? createdAtMs),
    restarts: main?.restartCount ?? 0,
    waiting: waitingOf(pod),
  };
}

/** The first container's last line. It says nothing while that runs again, on a volume that may be another. */
function witnessOf({ status }: V1Pod): DiskWitness {
  const witness = status?.initContainerStatuses?.find(({ name }) => name === witnessContainer);
  const ended = witness?.state?.terminated;
  if (ended?.exitCode !== 0) return { kind: 'unknown' };
  const said = ended.message?.trim() ?? '';
  if (said === 'empty') return { kind: 'empty' };
  const peer = /^peer ([0-9]{1,20})$/.exec(said)?.[1];
  return peer === undefined ? { kind: 'unknown' } : { kind: 'peer', peer };
}

function waitingOf({ status }: V1Pod): ObservedPod['waiting'] {
  for (const container of [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]) {
    const reason = nonEmpty(container.state?.waiting?.reason);
    // The node's container waits for the first one by nature; if that does not run, its own reason says why.
    if (reason !== null && reason !== 'PodInitializing') return { reason, message: messageOf(container) };
  }
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status !== 'False') return null;
  return {
    reason: nonEmpty(scheduled.reason) ?? 'Unschedulable',
    message: (scheduled.message ?? '').slice(0, messageMaxChars),
  };
}

/** With the last words of the process before, which say more than that Kubernetes will start it again. */
function messageOf({ state, lastState }: V1ContainerStatus): string {
  const parts = [state?.waiting?.message, lastState?.terminated?.message];
  return parts
    .map((part) => part?.trim() ?? '')
    .filter((part) => part !== '')
    .join('; it said: ')
    .slice(0, messageMaxChars);
}

function nonEmpty(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}
