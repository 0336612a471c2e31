/** Volumes of a pod, where its containers see them, and the claims behind them. */
import type { V1PersistentVolumeClaim, V1Volume, V1VolumeMount, V1VolumeProjection } from '@kubernetes/client-node';
import type { ClusterSpec } from '../api/cluster-spec.js';
import { specDefaults } from '../api/spec-defaults.js';
import type { ClusterBase } from './cluster-base.js';
import { objectLabels } from './labels.js';
import { snapshotsClaim, storageClaim } from './names.js';
import { initFolder } from './pod-environment.js';
import { tlsFiles } from './settings-config-map.js';

const volumeNames = {
  settings: 'qdrant-settings',
  start: 'qdrant-start',
  init: 'qdrant-init',
  temporary: 'qdrant-tmp',
  tls: 'qdrant-tls',
} as const;

export const settingsFolder = '/operator';
const startFolder = '/operator-pod';
const storageFolder = '/qdrant/storage';
const snapshotsFolder = '/qdrant/snapshots';

export function podVolumes(base: ClusterBase, settings: string): V1Volume[] {
  const { spec } = base.resource;
  const annotation = base.group.annotations.start;
  const tls = tlsSources(spec);
  return [
    { name: volumeNames.settings, configMap: { name: settings, defaultMode: 0o444 } },
    {
      name: volumeNames.start,
      downwardAPI: {
        defaultMode: 0o444,
        items: [{ path: 'start', fieldRef: { fieldPath: `metadata.annotations['${annotation}']` } }],
      },
    },
    { name: volumeNames.init, emptyDir: {} },
    { name: volumeNames.temporary, emptyDir: {} },
    ...(tls.length === 0 ? [] : [{ name: volumeNames.tls, projected: { defaultMode: 0o440, sources: tls } }]),
    ...(spec.storage?.additionalVolumes ?? []),
  ];
}

/** The three may lie in three Secrets. */
function tlsSources({ config }: ClusterSpec): V1VolumeProjection[] {
  const { cert, key, caCert } = config?.tls ?? {};
  const wanted = [
    [cert, tlsFiles.cert],
    [key, tlsFiles.key],
    [caCert, tlsFiles.caCert],
  ] as const;
  return wanted.flatMap(([source, path]) => {
    const secret = source?.secretKeyRef;
    if (secret === undefined) return [];
    const optional = secret.optional === undefined ? {} : { optional: secret.optional };
    return [{ secret: { name: secret.name, items: [{ key: secret.key, path }], ...optional } }];
  });
}

/** What the first container looks at. */
export function witnessMounts(): V1VolumeMount[] {
  return [
    { name: volumeNames.settings, mountPath: settingsFolder, readOnly: true },
    { name: storageClaim, mountPath: storageFolder, readOnly: true },
  ];
}

/** Every folder that a node writes to, since the root of its container is read-only. */
export function nodeMounts({ resource: { spec } }: ClusterBase): V1VolumeMount[] {
  return [
    { name: volumeNames.settings, mountPath: settingsFolder, readOnly: true },
    { name: volumeNames.start, mountPath: startFolder, readOnly: true },
    { name: storageClaim, mountPath: storageFolder },
    // Snapshots outlive the pod in either case.
    spec.storageClassNames?.snapshots === undefined
      ? { name: storageClaim, mountPath: snapshotsFolder, subPath: 'snapshots' }
      : { name: snapshotsClaim, mountPath: snapshotsFolder },
    { name: volumeNames.init, mountPath: initFolder },
    { name: volumeNames.temporary, mountPath: '/tmp' },
    ...(tlsSources(spec).length === 0 ? [] : [{ name: volumeNames.tls, mountPath: '/qdrant/tls', readOnly: true }]),
    ...(spec.storage?.additionalVolumeMounts ?? []),
  ];
}

export function claimTemplates(base: ClusterBase): V1PersistentVolumeClaim[] {
  const { storageClassNames, storage } = base.resource.spec;
  return [
    claim(base, storageClaim, storageClassNames?.db),
    ...(storageClassNames?.snapshots === undefined ? [] : [claim(base, snapshotsClaim, storageClassNames.snapshots)]),
    ...(storage?.additionalVolumeClaimTemplates ?? []).map(asTemplate),
  ];
}

function claim(base: ClusterBase, name: string, storageClass: string | undefined): V1PersistentVolumeClaim {
  const size = base.resource.spec.resources?.storage ?? specDefaults.resources.storage;
  return asTemplate({
    metadata: { name, labels: { ...objectLabels(base) } },
    spec: {
      accessModes: ['ReadWriteOnce'],
      ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
      resources: { requests: { storage: size } },
    },
  });
}

function asTemplate({ metadata, spec }: V1PersistentVolumeClaim): V1PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { ...metadata },
    ...(spec === undefined ? {} : { spec: { ...spec, volumeMode: spec.volumeMode ?? 'Filesystem' } }),
  };
}
