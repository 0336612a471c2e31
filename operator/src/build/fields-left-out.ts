/** What a spec asks of a cluster's objects and does not get, in the words of the condition UnsupportedField. */
import type { V1PersistentVolumeClaim, V1StatefulSet } from '@kubernetes/client-node';
import type { ClusterBase } from './cluster-base.js';
import { contains } from './contains.js';
import { snapshotsClaim, storageClaim } from './names.js';
import { reservedVariables } from './pod-environment.js';
import { claimTemplates } from './pod-volumes.js';

/** A spec is hostile input, and a condition has to stay small. */
const maxNames = 20;
const maxNameLength = 200;

/** `existing` is the set as it is now, if there is one. */
export function fieldsLeftOut(base: ClusterBase, existing: V1StatefulSet | null): readonly string[] {
  const variables = [...new Set(reservedVariables(base.resource.spec))].map(
    (name) => `statefulSet.pods.extraEnv ${name}: the operator sets it`,
  );
  const volumes = volumeFields(base, existing).map((field) => `${field}: volumes stay as they were made`);
  return [...variables.slice(0, maxNames), ...volumes].map((name) => name.slice(0, maxNameLength));
}

/** Fields of which the templates in the set, which never change, say something else. */
function volumeFields(base: ClusterBase, existing: V1StatefulSet | null): readonly string[] {
  const live = existing?.spec?.volumeClaimTemplates;
  if (live === undefined) return [];
  const wanted = claimTemplates(base);
  const names = new Set([...wanted, ...live].map(nameOf));
  const fields = [...names].map((name) =>
    differingField(
      name,
      wanted.find((claim) => nameOf(claim) === name),
      live.find((claim) => nameOf(claim) === name),
    ),
  );
  return [...new Set(fields)].filter((field) => field !== null);
}

function differingField(
  name: string | undefined,
  wanted: V1PersistentVolumeClaim | undefined,
  live: V1PersistentVolumeClaim | undefined,
): string | null {
  if (wanted !== undefined && contains(live?.spec, wanted.spec)) return null;
  if (name !== storageClaim && name !== snapshotsClaim) return 'storage.additionalVolumeClaimTemplates';
  if (live === undefined || wanted === undefined) return 'storageClassNames';
  return contains(live.spec?.resources, wanted.spec?.resources) ? 'storageClassNames' : 'resources.storage';
}

function nameOf({ metadata }: V1PersistentVolumeClaim): string | undefined {
  return metadata?.name;
}
