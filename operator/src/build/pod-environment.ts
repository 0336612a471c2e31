/** Environment variables of a node. */
import type { V1EnvVar } from '@kubernetes/client-node';
import type { ClusterSpec } from '../api/cluster-spec.js';
import type { ClusterBase } from './cluster-base.js';
import { peerPort } from './node-ports.js';
import { apiKeyEnvironment, peersUseTls } from './settings-config-map.js';

/** Where the node marks the end of its start: its own folder cannot be written to. */
export const initFolder = '/qdrant/init';

/**
 * What decides which peer a pod is, and where its data lies. A node that a user's variable made forget its cluster,
 * or look into another folder, would begin a cluster of its own.
 */
const reservedNames: ReadonlySet<string> = new Set([
  'POD_NAME',
  'PEER_URI',
  'START_DELAY_SECONDS',
  'NODE_FOLDER',
  'GRANT_FILE',
  'CONFIG_FILE',
  'QDRANT_URI',
  'QDRANT_BOOTSTRAP',
  'QDRANT_INIT_FILE_PATH',
  'QDRANT__CLUSTER__ENABLED',
  'QDRANT__CLUSTER__PEER_ID',
  'QDRANT__CLUSTER__P2P__PORT',
  'QDRANT__CLUSTER__P2P__ENABLE_TLS',
  'QDRANT__SERVICE__HTTP_PORT',
  'QDRANT__SERVICE__GRPC_PORT',
  'QDRANT__SERVICE__ENABLE_TLS',
  'QDRANT__STORAGE__STORAGE_PATH',
  'QDRANT__STORAGE__SNAPSHOTS_PATH',
]);

/** Variables of `statefulSet.pods.extraEnv` that are left out: the operator says what they say. */
export function reservedVariables(spec: ClusterSpec): readonly string[] {
  const given = spec.statefulSet?.pods?.extraEnv ?? [];
  return given.map(({ name }) => name).filter((name) => isReserved(name));
}

/** Nodes read the names of settings in any case. */
function isReserved(name: string): boolean {
  return reservedNames.has(name.toUpperCase().startsWith('QDRANT__') ? name.toUpperCase() : name);
}

export function podEnvironment(base: ClusterBase): V1EnvVar[] {
  const { spec } = base.resource;
  const scheme = peersUseTls(spec) ? 'https' : 'http';
  const delaySeconds = spec.startupDelaySeconds ?? 0;
  const ours: V1EnvVar[] = [
    { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    // For ever, and without the namespace, so that a clone in another one never talks to the original.
    { name: 'PEER_URI', value: `${scheme}://$(POD_NAME).${base.names.headlessService}:${peerPort}` },
    { name: 'QDRANT_INIT_FILE_PATH', value: `${initFolder}/.qdrant-initialized` },
    ...(delaySeconds === 0 ? [] : [{ name: 'START_DELAY_SECONDS', value: String(delaySeconds) }]),
    ...apiKeyEnvironment(spec),
  ];
  // Of two with one name the last counts, as in a container; the API server takes each name once.
  const theirs = new Map<string, V1EnvVar>();
  for (const variable of spec.statefulSet?.pods?.extraEnv ?? []) {
    const taken = isReserved(variable.name) || ours.some(({ name }) => name === variable.name.toUpperCase());
    if (!taken) theirs.set(variable.name, variable);
  }
  return [...ours, ...theirs.values()];
}
