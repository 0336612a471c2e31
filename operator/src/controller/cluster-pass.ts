/**
 * One look at one cluster, and at most one step that disturbs anything: observe, assess, plan, apply, status. Nothing
 * that decides is kept from pass to pass.
 */
import type { Logger } from 'pino';
import { parseQdrantCluster, type InvalidCluster, type QdrantClusterResource } from '../api/qdrant-cluster.js';
import { specDefaults } from '../api/spec-defaults.js';
import { unsupportedAnnotations, unsupportedFields } from '../api/unsupported-fields.js';
import { ClusterHands } from '../apply/cluster-hands.js';
import { baseKinds, type BaseResult, type LiveObject } from '../apply/base-objects.js';
import type { Fence } from '../apply/fence.js';
import { assess } from '../assess/assess.js';
import { clusterBase, type BuildSettings } from '../build/cluster-base.js';
import { fieldsLeftOut } from '../build/fields-left-out.js';
import { hashOf } from '../build/manifest-hash.js';
import { selectorLabels, selectorText } from '../build/labels.js';
import { objectNames } from '../build/names.js';
import type { Clock } from '../clock.js';
import type { KubernetesApi, ObjectName } from '../k8s/kubernetes-api.js';
import { accessRefs, type NodeAccess } from '../observe/endpoint-of-pod.js';
import { observe, type ClusterObjects } from '../observe/observe.js';
import { describeStep } from '../plan/describe-step.js';
import { makePlan } from '../plan/make-plan.js';
import type { Plan } from '../plan/plan.js';
import { fencedSteps } from '../plan/step.js';
import type { QdrantNodes } from '../qdrant/qdrant-api.js';
import { statusOfInvalid } from '../status/status-of-invalid.js';
import { statusOf } from '../status/status-of.js';
import type { ClusterCaches } from './cluster-caches.js';
import { keyOf, type ClusterReports } from './cluster-reports.js';
import type { Secrets } from './secrets.js';
import type { PassOutcome } from './work-queue.js';

export interface PassDependencies {
  /** Writes through it need the lead. */
  readonly kubernetes: KubernetesApi;
  readonly nodes: QdrantNodes;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly fence: Fence;
  readonly build: BuildSettings;
  readonly caches: ClusterCaches;
  readonly secrets: Secrets;
  readonly reports: ClusterReports;
  /** Ends passes that are under way. */
  readonly signal: AbortSignal;
}

const done: PassOutcome = { kind: 'done' };
/** A spec that cannot be followed changes by an event; this is for what the message says of the world around it. */
const invalidLookAgainMs = 60_000;

export async function clusterPass(name: ObjectName, dependencies: PassDependencies): Promise<PassOutcome> {
  const { caches, logger } = dependencies;
  const found = caches.cluster(name);
  // What it owned goes with it, by the garbage collector.
  if (found === null || found.metadata.deletionTimestamp !== undefined) {
    dependencies.reports.forget(name);
    return done;
  }
  const parsed = parseQdrantCluster(found);
  switch (parsed.kind) {
    case 'not-a-cluster':
      logger.error({ cluster: keyOf(name), problems: parsed.problems }, 'The API server sent no QdrantCluster');
      return done;
    case 'invalid-spec':
      return reportInvalid(parsed.cluster, parsed.problems, dependencies);
    case 'cluster':
      return reconcile(name, parsed.cluster, dependencies);
  }
}

async function reconcile(
  name: ObjectName,
  resource: QdrantClusterResource,
  dependencies: PassDependencies,
): Promise<PassOutcome> {
  const { nodes, clock, build, signal, reports } = dependencies;
  const objects = objectsOf(name, resource, dependencies.caches);
  const access = await accessOf(name.namespace, resource, dependencies.secrets);
  const { observation, problems } = await observe(objects, { nodes, access, group: build.group, clock, signal });
  if (observation.views.some((view) => view.kind === 'unreachable' && view.accessRefused)) {
    doubtAccess(name.namespace, resource, dependencies.secrets);
  }
  const assessment = assess(observation);
  const plan = planOf(makePlan(observation, assessment), dependencies.fence);
  const live = liveObjects(name, dependencies.caches);
  const hands = new ClusterHands(dependencies, { objects, live, access, observation, assessment });

  const base = isPaused(plan) ? nothingApplied : await hands.baseObjects(plan);
  reports.baseObjects(resource, base);
  for (const step of plan.quietSteps) {
    await hands.take(step);
    reports.stepTaken(resource, null, step, describeStep(step));
  }
  const status = statusOf({
    ...{ observation, assessment, plan },
    previous: resource.status ?? null,
    generation: resource.metadata.generation ?? 0,
    unsupported: [
      ...unsupportedFields(resource.spec),
      ...unsupportedAnnotations(resource.metadata.annotations),
      ...fieldsLeftOut(clusterBase(resource, build), objects.set),
      ...problems,
    ],
    problems: base.problems,
    selector: selectorText(selectorLabels(clusterBase(resource, build))),
    volumeSize: resource.spec.resources?.storage ?? specDefaults.resources.storage,
  });
  // Before the step: who takes over from a process that dies in it reads what was intended.
  await hands.writeStatus(status, plan.step !== null && fencedSteps.has(plan.step.step.kind));
  reports.statusSeen(resource, status, plan);
  if (plan.step !== null) {
    await hands.take(plan.step.step);
    reports.stepTaken(resource, plan.step.procedure, plan.step.step, plan.step.message);
  }
  return { kind: 'look-again', afterMs: base.waiting ? Math.min(plan.lookAgainMs, 1000) : plan.lookAgainMs };
}

/** The term of the leader is known here only. */
function planOf(plan: Plan, fence: Fence): Plan {
  if (plan.step === null || plan.operation === null) return plan;
  return { ...plan, operation: { ...plan.operation, leaseTransitions: fence.transitions } };
}

const nothingApplied: BaseResult = { problems: [], changes: [], waiting: false };

/** Somebody who pauses a cluster wants to change its objects by hand. */
function isPaused(plan: Plan): boolean {
  return plan.blocks.some((block) => block.reason === 'Paused');
}

async function reportInvalid(
  cluster: InvalidCluster,
  problems: readonly string[],
  { kubernetes, clock, reports }: PassDependencies,
): Promise<PassOutcome> {
  const { namespace = '', name = '', resourceVersion, generation = 0 } = cluster.metadata;
  const previous = cluster.status ?? null;
  const status = statusOfInvalid({ previous, generation, problems, atMs: clock.nowMs() });
  if (hashOf(status) !== hashOf(previous ?? {})) {
    const precondition = resourceVersion === undefined ? {} : { resourceVersion };
    await kubernetes.applyStatus({ namespace, name }, status, precondition);
    reports.invalidSpec(cluster, problems);
  }
  return { kind: 'look-again', afterMs: invalidLookAgainMs };
}

function objectsOf(name: ObjectName, resource: QdrantClusterResource, caches: ClusterCaches): ClusterObjects {
  const names = objectNames(resource);
  const pods = caches.objects('Pod', name);
  const nodes: ClusterObjects['nodes'] = new Map(
    pods.flatMap((pod) => {
      const nodeName = pod.spec?.nodeName;
      const node = nodeName === undefined ? null : caches.kubernetesNode(nodeName);
      return nodeName === undefined || node === null ? [] : [[nodeName, node] as const];
    }),
  );
  return {
    resource,
    set: caches.objects('StatefulSet', name).find((set) => set.metadata?.name === names.set) ?? null,
    pods,
    volumes: caches.objects('PersistentVolumeClaim', name),
    record: caches.objects('ConfigMap', name).find((map) => map.metadata?.name === names.bootstrapRecord) ?? null,
    nodes,
  };
}

function liveObjects(name: ObjectName, caches: ClusterCaches): LiveObject[] {
  return baseKinds.flatMap((kind): LiveObject[] => {
    switch (kind) {
      case 'StatefulSet':
        return caches.objects(kind, name).map((object) => ({ kind, object }));
      case 'Service':
        return caches.objects(kind, name).map((object) => ({ kind, object }));
      case 'ConfigMap':
        return caches.objects(kind, name).map((object) => ({ kind, object }));
      case 'PodDisruptionBudget':
        return caches.objects(kind, name).map((object) => ({ kind, object }));
    }
  });
}

/** A key that is missing is asked for without: the nodes refuse, and the status says so. */
async function accessOf(namespace: string, resource: QdrantClusterResource, secrets: Secrets): Promise<NodeAccess> {
  const refs = accessRefs(resource.spec);
  const apiKey = refs.apiKey === null ? null : await secrets.value(namespace, refs.apiKey);
  if (!refs.tls) return { tls: null, apiKey };
  return { tls: { ca: refs.ca === null ? null : await secrets.value(namespace, refs.ca) }, apiKey };
}

/** A key or an authority was replaced, and the nodes know it already. */
function doubtAccess(namespace: string, resource: QdrantClusterResource, secrets: Secrets): void {
  const { apiKey, ca } = accessRefs(resource.spec);
  for (const ref of [apiKey, ca]) if (ref !== null) secrets.doubt(namespace, ref);
}
