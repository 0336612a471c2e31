/** The way to the API server: by a kubeconfig as kubectl reads it, or by the account of the pod. */
import { existsSync } from 'node:fs';
import type http from 'node:http';
import type https from 'node:https';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import type { ApiAccess } from './api-access.js';
import { podAccount } from './pod-account.js';

/** A file that is named, or else what kubectl would take, or else the pod's own account. */
export async function loadAccess(file: string | null): Promise<ApiAccess> {
  const account = file === null && !hasKubeconfig() ? podAccount(process.env) : null;
  if (account !== null) return account;
  // In a pod it would take more memory than all the rest of the operator.
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  if (file === null) config.loadFromDefault();
  else config.loadFromFile(file);
  return kubeconfigAccess(config);
}

export function kubeconfigAccess(config: KubeConfig): ApiAccess {
  return {
    now: async () => {
      const cluster = config.getCurrentCluster();
      if (cluster === null) throw new Error('the kubeconfig names no current cluster');
      const headers: http.OutgoingHttpHeaders = {};
      const options: https.RequestOptions = { headers };
      await config.applyToHTTPSOptions(options);
      return { server: new URL(cluster.server), headers, options, proxied: cluster.proxyUrl !== undefined };
    },
  };
}

function hasKubeconfig(): boolean {
  return (process.env['KUBECONFIG'] ?? '') !== '' || existsSync(join(homedir(), '.kube', 'config'));
}
