/** The ServiceAccount of the pod that the process runs in, as Kubernetes lays it into pods. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiAccess } from './api-access.js';

const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Null: this is no pod, or one without an account. */
export function podAccount(environment: NodeJS.ProcessEnv, folder: string = accountFolder): ApiAccess | null {
  const host = environment['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = environment['KUBERNETES_SERVICE_PORT'] ?? '';
  const tokenFile = join(folder, 'token');
  if (host === '' || port === '' || !existsSync(tokenFile)) return null;
  const server = new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`);
  return {
    now: async () => {
      const [token, ca] = await Promise.all([readFile(tokenFile, 'utf8'), readFile(join(folder, 'ca.crt'))]);
      return { server, headers: { authorization: `Bearer ${token.trim()}` }, options: { ca }, proxied: false };
    },
  };
}
