/**
 * The objects that a cluster stands on: set, Services, settings, disruption budget. Each is applied when the live one
 * differs from what is wanted, and what is wanted no more is deleted. Idempotent: a second run finds nothing to do.
 */
import type { V1ObjectMeta } from '@kubernetes/client-node';
import { contains } from '../build/contains.js';
import { KubernetesError, type KubernetesApi, type Manifest, type ResourceTypes } from '../k8s/kubernetes-api.js';
import { assertLeads, type Fence } from './fence.js';

export const baseKinds = ['StatefulSet', 'Service', 'ConfigMap', 'PodDisruptionBudget'] as const;
export type BaseKind = (typeof baseKinds)[number];

export type LiveObject = { [K in BaseKind]: { readonly kind: K; readonly object: ResourceTypes[K] } }[BaseKind];

export interface BaseObjectsContext {
  readonly kubernetes: KubernetesApi;
  readonly fence: Fence;
  readonly cluster: { readonly namespace: string; readonly name: string; readonly uid: string };
  /** In the order in which they are needed, each with its hash. */
  readonly wanted: readonly Manifest[];
  /** All objects of these kinds that carry the label of the cluster. */
  readonly live: readonly LiveObject[];
  /** ConfigMaps that something still needs: the record of the claim, and those of pods that run. */
  readonly neededConfigMaps: ReadonlySet<string>;
}

/** Why an object is not as it is wanted; for a person. Everything else went on. */
export interface BaseProblem {
  readonly reason: 'NameTaken' | 'ObjectRefused';
  readonly message: string;
}

export interface BaseResult {
  readonly problems: readonly BaseProblem[];
  /** `applied Service qdrant-a`, for the log. */
  readonly changes: readonly string[];
  /** Something of the same name is still being deleted: the next pass tries again. */
  readonly waiting: boolean;
}

export async function applyBaseObjects(context: BaseObjectsContext): Promise<BaseResult> {
  const problems: BaseProblem[] = [];
  const changes: string[] = [];
  let waiting = false;
  for (const manifest of context.wanted) {
    const outcome = await refusedAsProblem(manifest.kind, manifest.metadata.name, () => applyOne(context, manifest));
    if (outcome === 'applied') changes.push(`applied ${manifest.kind} ${manifest.metadata.name}`);
    else if (outcome === 'waits') waiting = true;
    else if (outcome !== 'same') problems.push(outcome);
  }
  for (const { kind, object } of unwanted(context)) {
    const name = object.metadata?.name ?? '';
    const outcome = await refusedAsProblem(kind, name, () => deleteOne(context, kind, object.metadata ?? {}));
    if (outcome === 'deleted') changes.push(`deleted ${kind} ${name}`);
    else problems.push(outcome);
  }
  return { problems, changes, waiting };
}

/** Sent so, a set is changed only if it is the one that this pass has seen: its number of pods is part of it. */
export function onlyIfUnchanged(manifest: Manifest, live: V1ObjectMeta | undefined): Manifest {
  if (live?.uid === undefined || live.resourceVersion === undefined) return manifest;
  const { uid, resourceVersion } = live;
  return { ...manifest, metadata: { ...manifest.metadata, uid, resourceVersion } };
}

type Applied = 'same' | 'applied' | 'waits' | BaseProblem;

async function applyOne(context: BaseObjectsContext, manifest: Manifest): Promise<Applied> {
  const { namespace } = context.cluster;
  const { kind } = manifest;
  const { name } = manifest.metadata;
  const cached = context.live.find((live) => live.kind === kind && live.object.metadata?.name === name)?.object;
  // One without our label is not in the cache, and applying would quietly take it over.
  const live = cached ?? (await context.kubernetes.get(kind, { namespace, name }));
  const metadata = live?.metadata;
  if (metadata !== undefined) {
    if (metadata.deletionTimestamp !== undefined) return 'waits';
    const owner = metadata.ownerReferences?.find((reference) => reference.controller === true);
    if (owner !== undefined && owner.uid !== context.cluster.uid) {
      // Of a cluster of this name that was deleted: the garbage collector is on its way.
      if (owner.kind === 'QdrantCluster' && owner.name === context.cluster.name) return 'waits';
      return {
        reason: 'NameTaken',
        message: `The ${kind} ${name} belongs to the ${owner.kind} ${owner.name}. Rename or delete one of the two.`,
      };
    }
    // The hash of what was applied last is one of the wanted annotations: a field that is wanted no more shows in it.
    if (contains(live, manifest)) return 'same';
  }
  assertLeads(context.fence);
  await context.kubernetes.apply(kind === 'StatefulSet' ? onlyIfUnchanged(manifest, metadata) : manifest, namespace);
  return 'applied';
}

/** Settings of earlier pods, Services of pods that are gone, a budget that is wanted no more. */
function unwanted(context: BaseObjectsContext): LiveObject[] {
  const wanted = new Set(context.wanted.map((manifest) => `${manifest.kind} ${manifest.metadata.name}`));
  return context.live.filter(({ kind, object }) => {
    const { name, uid, ownerReferences, deletionTimestamp } = object.metadata ?? {};
    if (name === undefined || uid === undefined || deletionTimestamp !== undefined) return false;
    // The set goes with its cluster only; and what is not ours is no business of ours.
    if (kind === 'StatefulSet' || wanted.has(`${kind} ${name}`)) return false;
    if (kind === 'ConfigMap' && context.neededConfigMaps.has(name)) return false;
    return ownerReferences?.some(({ controller, uid: owner }) => controller === true && owner === context.cluster.uid);
  });
}

async function deleteOne(context: BaseObjectsContext, kind: BaseKind, metadata: V1ObjectMeta): Promise<'deleted'> {
  assertLeads(context.fence);
  const { namespace } = context.cluster;
  const precondition = metadata.uid === undefined ? {} : { uid: metadata.uid };
  await context.kubernetes.delete(kind, { namespace, name: metadata.name ?? '' }, precondition);
  return 'deleted';
}

/** What the API server refuses by its rules stays refused until somebody changes something; the rest is not held up. */
async function refusedAsProblem<T>(
  kind: BaseKind | Manifest['kind'],
  name: string,
  act: () => Promise<T>,
): Promise<T | BaseProblem> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof KubernetesError) || (error.kind !== 'invalid' && error.kind !== 'forbidden')) throw error;
    return {
      reason: 'ObjectRefused',
      message: `The API server refuses the ${kind} ${name}: ${error.message}`.slice(0, 1000),
    };
  }
}
