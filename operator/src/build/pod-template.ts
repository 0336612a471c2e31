/** What runs in a pod: a container that looks at the volume, and the node, which starts when it is allowed to. */
import type {
  V1Container,
  V1PodSecurityContext,
  V1PodTemplateSpec,
  V1Probe,
  V1ResourceRequirements,
  V1SecurityContext,
  V1TopologySpreadConstraint,
} from '@kubernetes/client-node';
import type { ClusterSpec } from '../api/cluster-spec.js';
import { specDefaults } from '../api/spec-defaults.js';
import type { ClusterBase } from './cluster-base.js';
import { objectLabels, selectorLabels, userMarks, zoneLabel } from './labels.js';
import { grpcPort, httpPort, peerPort } from './node-ports.js';
import { podEnvironment } from './pod-environment.js';
import { nodeMounts, podVolumes, settingsFolder, witnessMounts } from './pod-volumes.js';
import { clientsUseTls, startScriptFile } from './settings-config-map.js';

export const witnessContainer = 'witness';
export const nodeContainer = 'qdrant';

/** As good as for ever: a pod waits for its grant as long as it takes, and a large node loads for hours. */
const startupFailures = 31_536_000;

/** Long enough for Services to hear that the pod goes before it stops to listen. */
const preStopSeconds = 3;
const terminationGracePeriodSeconds = 60;

export function podTemplate(base: ClusterBase, settings: string): V1PodTemplateSpec {
  const { spec } = base.resource;
  const pods = spec.statefulSet?.pods;
  const pullSecret = spec.image?.pullSecretName;
  return {
    metadata: {
      labels: { ...userMarks(base, pods?.labels), ...objectLabels(base), [base.group.labels.serving]: 'true' },
      annotations: { ...userMarks(base, pods?.annotations) },
    },
    spec: {
      automountServiceAccountToken: false,
      // Variables of Services would be read as settings, if the name of one began so.
      enableServiceLinks: false,
      securityContext: podSecurity(spec),
      terminationGracePeriodSeconds,
      ...(pullSecret === undefined ? {} : { imagePullSecrets: [{ name: pullSecret }] }),
      ...(spec.nodeSelector === undefined ? {} : { nodeSelector: spec.nodeSelector }),
      ...(spec.tolerations === undefined ? {} : { tolerations: spec.tolerations }),
      topologySpreadConstraints: spreadConstraints(base),
      initContainers: [witness(base)],
      containers: [node(base)],
      volumes: podVolumes(base, settings),
    },
  };
}

function witness(base: ClusterBase): V1Container {
  return {
    name: witnessContainer,
    ...image(base),
    command: ['sh', `${settingsFolder}/${startScriptFile}`, 'witness'],
    resources: resources(base.resource.spec),
    securityContext: containerSecurity,
    volumeMounts: witnessMounts(),
  };
}

function node(base: ClusterBase): V1Container {
  const { spec } = base.resource;
  const probe = (path: string, timing: V1Probe): V1Probe => ({
    httpGet: { path, port: httpPort, scheme: clientsUseTls(spec) ? 'HTTPS' : 'HTTP' },
    ...timing,
  });
  return {
    name: nodeContainer,
    ...image(base),
    command: ['sh', `${settingsFolder}/${startScriptFile}`],
    env: podEnvironment(base),
    ports: [
      { name: 'http', containerPort: httpPort, protocol: 'TCP' },
      { name: 'grpc', containerPort: grpcPort, protocol: 'TCP' },
      { name: 'p2p', containerPort: peerPort, protocol: 'TCP' },
    ],
    resources: resources(spec),
    securityContext: containerSecurity,
    startupProbe: probe('/healthz', { periodSeconds: 1, timeoutSeconds: 2, failureThreshold: startupFailures }),
    readinessProbe: probe('/readyz', { periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 3 }),
    // A node that is busy is not restarted, one that hangs for minutes is.
    livenessProbe: probe('/livez', { periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 18 }),
    lifecycle: { preStop: { exec: { command: ['sleep', String(preStopSeconds)] } } },
    // The last words of a node that refuses to start are what its pod shows.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: nodeMounts(base),
  };
}

function image({ resource: { spec }, settings }: ClusterBase): { image: string; imagePullPolicy: string } {
  return {
    image: `${spec.image?.repository ?? settings.nodeImage}:${spec.version}`,
    imagePullPolicy: spec.image?.pullPolicy ?? specDefaults.image.pullPolicy,
  };
}

/** The first container gets the same, so that the pod asks for no more by it and keeps its class of service. */
function resources({ resources: wanted }: ClusterSpec): V1ResourceRequirements {
  const limits = amounts(wanted?.cpu, wanted?.memory);
  const requests = amounts(wanted?.requests?.cpu ?? wanted?.cpu, wanted?.requests?.memory ?? wanted?.memory);
  return {
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    ...(Object.keys(requests).length === 0 ? {} : { requests }),
  };
}

function amounts(cpu: string | undefined, memory: string | undefined): Record<string, string> {
  return { ...(cpu === undefined ? {} : { cpu }), ...(memory === undefined ? {} : { memory }) };
}

function podSecurity({ security }: ClusterSpec): V1PodSecurityContext {
  const { user, group, fsGroup } = { ...specDefaults.security, ...security };
  return {
    runAsUser: user,
    runAsGroup: group,
    fsGroup,
    // Changing the owner of every file of a large volume would take longer than all the rest of a start.
    fsGroupChangePolicy: 'OnRootMismatch',
    runAsNonRoot: user !== 0,
    seccompProfile: { type: 'RuntimeDefault' },
  };
}

const containerSecurity: V1SecurityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  privileged: false,
  readOnlyRootFilesystem: true,
};

/** Pods keep apart as far as that is possible; a cluster that has to be together runs too. */
function spreadConstraints(base: ClusterBase): V1TopologySpreadConstraint[] {
  const labelSelector = { matchLabels: { ...selectorLabels(base) } };
  const wanted = base.resource.spec.topologySpreadConstraints;
  // A constraint that selects no pods would spread none.
  if (wanted !== undefined) return wanted.map((constraint) => ({ labelSelector, ...constraint }));
  return ['kubernetes.io/hostname', zoneLabel].map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector,
  }));
}
