import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Credentials } from '../../src/k8s/credentials.js';
import { KubernetesClient } from '../../src/k8s/kubernetes-client.js';
import { loadAccess } from '../../src/k8s/load-access.js';
import { podAccount } from '../../src/k8s/pod-account.js';
import { configMap, sendJson } from './stub-server.js';

const certificates = join(import.meta.dirname, '../../../node/test/harness/tls');
const ca = readFileSync(join(certificates, 'first.cert.pem'));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'account-'));
  writeFileSync(join(folder, 'token'), 'first\n');
  writeFileSync(join(folder, 'ca.crt'), ca);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function inPod(host: string, port = '443'): NodeJS.ProcessEnv {
  return { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port };
}

test('a pod finds the API server and its account, of which the token changes', async () => {
  const account = podAccount(inPod('10.96.0.1'), folder);
  expect(await account?.now()).toEqual({
    server: new URL('https://10.96.0.1'),
    headers: { authorization: 'Bearer first' },
    options: { ca },
    proxied: false,
  });
  writeFileSync(join(folder, 'token'), 'second\n');
  expect((await account?.now())?.headers).toEqual({ authorization: 'Bearer second' });
});

test('an address of version 6 is told from its port', async () => {
  expect((await podAccount(inPod('fd00::1', '6443'), folder)?.now())?.server.href).toBe('https://[fd00::1]:6443/');
});

test('outside of a pod, or in one without an account, there is none', () => {
  expect(podAccount({}, folder)).toBeNull();
  rmSync(join(folder, 'token'));
  expect(podAccount(inPod('10.96.0.1'), folder)).toBeNull();
});

test('the client asks with the account, and believes the authority of the account alone', async () => {
  const asked: (string | undefined)[] = [];
  const tls = { cert: ca, key: readFileSync(join(certificates, 'first.key.pem')) };
  const server = createServer(tls, (request, response) => {
    asked.push(request.headers.authorization);
    sendJson(response, configMap('a'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? String(address?.port) : '';
  const account = podAccount(inPod('localhost', port), folder);
  if (account === null) throw new Error('no account was found');
  let nowMs = 0;
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, sleep: () => Promise.resolve() };
  const client = new KubernetesClient(new Credentials(() => Promise.resolve(account), clock));
  const named = { namespace: 'test', name: 'a' };
  try {
    expect(await client.get('ConfigMap', named)).toMatchObject({ metadata: { name: 'a' } });
    writeFileSync(join(folder, 'ca.crt'), readFileSync(join(certificates, 'second.cert.pem')));
    nowMs += 60_000;
    await expect(client.get('ConfigMap', named)).rejects.toMatchObject({ kind: 'unavailable' });
    expect(asked).toEqual(['Bearer first']);
  } finally {
    client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

test('a kubeconfig is taken as kubectl takes it: the one that is named, or that of the environment', async () => {
  const kubeconfig = (name: string, server: string): string => {
    const file = join(folder, name);
    const written = {
      clusters: [{ name: 'c', cluster: { server } }],
      users: [{ name: 'u', user: { token: name } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    };
    writeFileSync(file, JSON.stringify(written));
    return file;
  };
  vi.stubEnv('KUBECONFIG', kubeconfig('ofEnvironment', 'https://127.0.0.1:1'));
  const named = await (await loadAccess(kubeconfig('named', 'https://127.0.0.1:2'))).now();
  expect(named).toMatchObject({ server: { port: '2' }, headers: { Authorization: 'Bearer named' }, proxied: false });
  expect((await (await loadAccess(null)).now()).server.port).toBe('1');
});
