/**
 * A step becomes calls. The only place from which the cluster, its pods and its volumes are changed; every call may be
 * repeated without harm, so a pass that died in the middle is made good by the next.
 */
import type { GroupNames } from '../api/group.js';
import type { Assessment } from '../assess/assessment.js';
import type { KubernetesApi, Manifest, MetadataChange } from '../k8s/kubernetes-api.js';
import type { BootstrapClaim } from '../observe/observation.js';
import { fencedSteps, type Grant, type PodRef, type Step, type VolumeRef } from '../plan/step.js';
import type { PeerId, QdrantNode } from '../qdrant/qdrant-api.js';
import { chooseNode } from './choose-node.js';
import { assertLeadOutlasts, assertLeads, type Fence } from './fence.js';

export interface StepContext {
  readonly kubernetes: KubernetesApi;
  readonly namespace: string;
  readonly fence: Fence;
  /** How long a call may take that takes something away; the lead has to last for twice that. */
  readonly fencedCallTimeoutMs: number;
  readonly names: GroupNames;
  readonly assessment: Assessment;
  /** The node of a pod that was asked in this pass; null when it was not. */
  readonly nodeOf: (pod: string) => QdrantNode | null;
  /** The set as it is wanted, with so many pods, and only if it is still the one that was observed. */
  readonly setWith: (replicas: number) => Manifest;
  /** Writes the record of the claim, unless it is there. */
  readonly writeRecord: (claim: BootstrapClaim) => Promise<void>;
  /** Writes the claim into the status, with the version of the resource that this pass knows. */
  readonly writeClaimStatus: (claim: BootstrapClaim) => Promise<void>;
}

/** Nobody can be asked now: the next pass may find somebody. */
export class NoNodeAnswers extends Error {
  override readonly name = 'NoNodeAnswers';
}

export async function applyStep(step: Step, context: StepContext): Promise<void> {
  if (fencedSteps.has(step.kind)) assertLeadOutlasts(context.fence, context.fencedCallTimeoutMs);
  else assertLeads(context.fence);
  switch (step.kind) {
    case 'grant-start':
      return patchPod(context, step.pod, grantMarks(step.grant, context.names));
    case 'write-claim':
      return writeClaim(context, step.claim, step.volumes);
    case 'label-volume':
      return patchVolume(context, step.volume, {
        [context.names.labels.peer]: step.peer,
        [context.names.labels.firstPeer]: step.firstPeer,
      });
    case 'set-serving':
      return patchPod(context, step.pod, { labels: { [context.names.labels.serving]: String(step.serving) } });
    case 'move-shard':
      return anyNode(context, null).moveShard(step.move);
    case 'replicate-shard':
      return anyNode(context, null).replicateShard(step.copy);
    case 'abort-transfer':
      return anyNode(context, null).abortTransfer(step.transfer);
    case 'drop-replica':
      return anyNode(context, step.peer).dropReplica(step);
    case 'remove-peer':
      return anyNode(context, step.peer).removePeer(step.peer, { force: step.force });
    case 'detach-volume':
      return patchVolume(context, step.volume, { [context.names.labels.detached]: 'true' });
    case 'delete-volume':
      return context.kubernetes.delete('PersistentVolumeClaim', nameOf(context, step.volume), { uid: step.volume.uid });
    case 'delete-pod':
      return context.kubernetes.delete('Pod', nameOf(context, step.pod), { uid: step.pod.uid });
    case 'shrink':
    case 'grow':
      await context.kubernetes.apply(context.setWith(step.to), context.namespace);
      return;
  }
}

/** The text of a grant, which the start script reads. */
function grantText(grant: Grant): string {
  return grant.kind === 'bootstrap' ? 'bootstrap' : `join=${grant.uris.join(',')}`;
}

/** The first pod is taken out of the Service by the patch that lets it begin: no client may use it before the claim. */
function grantMarks(grant: Grant, names: GroupNames): MetadataChange {
  const annotations = { [names.annotations.start]: grantText(grant) };
  return grant.kind === 'bootstrap' ? { annotations, labels: { [names.labels.serving]: 'false' } } : { annotations };
}

/** Any one witness is enough: a pass that dies in between has claimed, and the next writes those that are missing. */
async function writeClaim(context: StepContext, claim: BootstrapClaim, volumes: readonly VolumeRef[]): Promise<void> {
  await context.writeRecord(claim);
  for (const volume of volumes) {
    await patchVolume(context, volume, { [context.names.labels.firstPeer]: claim.peer });
  }
  await context.writeClaimStatus(claim);
}

async function patchPod(context: StepContext, pod: PodRef, change: MetadataChange): Promise<void> {
  assertLeads(context.fence);
  await context.kubernetes.patchMetadata('Pod', nameOf(context, pod), change, { uid: pod.uid });
}

async function patchVolume(
  context: StepContext,
  volume: VolumeRef,
  labels: Readonly<Record<string, string>>,
): Promise<void> {
  assertLeads(context.fence);
  const name = nameOf(context, volume);
  await context.kubernetes.patchMetadata('PersistentVolumeClaim', name, { labels }, { uid: volume.uid });
}

function nameOf(context: StepContext, object: { readonly name: string }): { namespace: string; name: string } {
  return { namespace: context.namespace, name: object.name };
}

function anyNode(context: StepContext, except: PeerId | null): QdrantNode {
  const pod = chooseNode(context.assessment, except);
  const node = pod === null ? null : context.nodeOf(pod);
  if (node === null) throw new NoNodeAnswers('No node of the cluster answers that could be asked for this');
  return node;
}
