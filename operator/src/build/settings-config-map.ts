/**
 * The settings of the nodes and the script that starts them. The object never changes and is named after its
 * content, so that a pod's template and its settings are taken back together.
 */
import type { V1EnvVar } from '@kubernetes/client-node';
import { dump } from 'js-yaml';
import type { ClusterSpec } from '../api/cluster-spec.js';
import { specDefaults } from '../api/spec-defaults.js';
import type { Manifest } from '../k8s/kubernetes-api.js';
import type { ClusterBase } from './cluster-base.js';
import { ownedMetadata } from './labels.js';
import { hashOf } from './manifest-hash.js';
import { settingsName } from './names.js';
import { grpcPort, httpPort, peerPort } from './node-ports.js';

export const settingsFile = 'config.yaml';
export const startScriptFile = 'start.sh';

/** Where a node finds its certificates, from its own folder. */
export const tlsFiles = { cert: 'cert.pem', key: 'key.pem', caCert: 'ca.pem' } as const;

export function settingsConfigMap(base: ClusterBase): Manifest & { readonly kind: 'ConfigMap' } {
  const data = {
    [settingsFile]: dump(nodeSettings(base.resource.spec), { lineWidth: 120 }),
    [startScriptFile]: base.settings.startScript,
  };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: ownedMetadata(base, settingsName(base.names, hashOf(data))),
    immutable: true,
    data,
  };
}

/** Peers show each other certificates only if there is an authority by which to check them. */
export function peersUseTls(spec: ClusterSpec): boolean {
  return spec.config?.tls?.caCert !== undefined;
}

export function clientsUseTls(spec: ClusterSpec): boolean {
  return spec.config?.service?.enable_tls ?? specDefaults.config.service.enable_tls;
}

/** In the words of Qdrant's own file. Keys that only our node knows are not in it, since the image may be another. */
function nodeSettings({ config, ...spec }: ClusterSpec): object {
  const { collection, log_level, service, storage, tls } = config ?? {};
  const defaults = specDefaults.config;
  return {
    log_level: log_level ?? defaults.log_level,
    service: {
      http_port: httpPort,
      grpc_port: grpcPort,
      enable_tls: clientsUseTls({ ...spec, ...(config === undefined ? {} : { config }) }),
      max_request_size_mb: service?.max_request_size_mb ?? defaults.service.max_request_size_mb,
    },
    storage: {
      storage_path: './storage',
      snapshots_path: './snapshots',
      ...definedOnly({
        max_collections: storage?.maxCollections,
        performance: definedOnly({ optimizer_cpu_budget: storage?.performance?.optimizer_cpu_budget }),
        collection: definedOnly({
          replication_factor: collection?.replication_factor,
          write_consistency_factor: collection?.write_consistency_factor,
          vectors: definedOnly({ on_disk: collection?.vectors?.on_disk }),
        }),
      }),
    },
    cluster: { enabled: true, p2p: { port: peerPort, enable_tls: tls?.caCert !== undefined } },
    ...(tls?.cert === undefined
      ? {}
      : {
          tls: {
            cert: `./tls/${tlsFiles.cert}`,
            key: `./tls/${tlsFiles.key}`,
            ...(tls.caCert === undefined ? {} : { ca_cert: `./tls/${tlsFiles.caCert}` }),
          },
        }),
  };
}

/** Without what is undefined; undefined when nothing remains. */
function definedOnly(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> | undefined {
  const defined = Object.entries(values).filter(([, value]) => value !== undefined);
  return defined.length === 0 ? undefined : Object.fromEntries(defined);
}

/** Keys stay in their Secrets: the kubelet puts them into the environment of the node. */
export function apiKeyEnvironment({ config }: ClusterSpec): V1EnvVar[] {
  const keys = [
    ['QDRANT__SERVICE__API_KEY', config?.service?.api_key],
    ['QDRANT__SERVICE__READ_ONLY_API_KEY', config?.service?.read_only_api_key],
  ] as const;
  return keys.flatMap(([name, key]) =>
    key?.secretKeyRef === undefined ? [] : [{ name, valueFrom: { secretKeyRef: { ...key.secretKeyRef } } }],
  );
}
