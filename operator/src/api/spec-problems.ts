/** Why a well-formed spec cannot be followed: sentences that say what to do. */
import type { ClusterSpec } from './cluster-spec.js';
import { specRules } from './spec-rules.js';

/** Names of volumes that begin so are the operator's. */
const ownVolumePrefix = 'qdrant-';

export function specProblems(name: string, spec: ClusterSpec): string[] {
  const broken = specRules.filter((rule) => rule.holds !== null && !rule.holds(spec, name));
  return [...broken.map((rule) => rule.message), ...volumeProblems(spec)];
}

/** What the API server cannot see, because it takes these fields as they come. */
function volumeProblems({ storage }: ClusterSpec): string[] {
  const volumes = [
    ...(storage?.additionalVolumes ?? []).map((volume) => volume.name),
    ...(storage?.additionalVolumeClaimTemplates ?? []).map((claim) => claim.metadata?.name ?? ''),
  ];
  const mounted = (storage?.additionalVolumeMounts ?? []).map((mount) => mount.name);
  const taken = volumes.filter((volume) => volume.startsWith(ownVolumePrefix));
  const twice = volumes.filter((volume, at) => volumes.indexOf(volume) !== at);
  const missing = mounted.filter((volume) => !volumes.includes(volume));
  return [
    ...taken.map(
      (volume) => `spec.storage: call the volume ${volume} otherwise: names with "${ownVolumePrefix}" are taken`,
    ),
    ...twice.map((volume) => `spec.storage: there are two volumes ${volume}: call one of them otherwise`),
    ...missing.map(
      (volume) =>
        `spec.storage.additionalVolumeMounts: there is no volume ${volume}: add it to spec.storage.additionalVolumes or additionalVolumeClaimTemplates`,
    ),
  ];
}
