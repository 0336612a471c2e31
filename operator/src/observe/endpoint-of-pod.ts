/** Where and how a pod's node is asked. */
import type { ClusterSpec } from '../api/cluster-spec.js';
import type { ObjectNames } from '../build/names.js';
import { httpPort } from '../build/node-ports.js';
import { clientsUseTls } from '../build/settings-config-map.js';
import type { NodeEndpoint } from '../qdrant/qdrant-api.js';

export interface SecretRef {
  readonly name: string;
  readonly key: string;
}

/** Which values of Secrets are needed to ask the nodes of a cluster. */
export interface AccessRefs {
  readonly tls: boolean;
  readonly apiKey: SecretRef | null;
  /** Null: by the authorities that everybody trusts. */
  readonly ca: SecretRef | null;
}

/** The values. They go to connections, and nowhere else. */
export interface NodeAccess {
  readonly tls: { readonly ca: string | null } | null;
  readonly apiKey: string | null;
}

export function accessRefs(spec: ClusterSpec): AccessRefs {
  const tls = clientsUseTls(spec);
  return {
    tls,
    apiKey: spec.config?.service?.api_key?.secretKeyRef ?? null,
    ca: tls ? (spec.config?.tls?.caCert?.secretKeyRef ?? null) : null,
  };
}

export function endpointOfPod(
  pod: { readonly name: string; readonly uid: string; readonly ip: string },
  {
    names,
    namespace,
    access,
  }: { readonly names: ObjectNames; readonly namespace: string; readonly access: NodeAccess },
): NodeEndpoint {
  return {
    pod: pod.name,
    podUid: pod.uid,
    ip: pod.ip,
    // Certificates are for *.<headless>.<namespace>.svc too, and a wildcard needs more than one label after it.
    serverName: `${pod.name}.${names.headlessService}.${namespace}.svc`,
    port: httpPort,
    tls: access.tls,
    apiKey: access.apiKey,
  };
}
