import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiGate } from './api-gate.js';
import { core } from './api-server.js';
import { kubectl } from './command.js';
import { testNamespace } from './test-namespace.js';

describe('a gate in front of the API server', () => {
  const namespace = testNamespace('gate');
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  let gate: ApiGate;
  let token: string;

  beforeAll(async () => {
    gate = await ApiGate.open();
    await kubectl(['--namespace', namespace, 'create', 'serviceaccount', 'tester']);
    const account = `--serviceaccount=${namespace}:tester`;
    await kubectl(['--namespace', namespace, 'create', 'rolebinding', 'tester', '--clusterrole=edit', account]);
    token = (await kubectl(['--namespace', namespace, 'create', 'token', 'tester'])).trim();
  });
  afterAll(() => gate.close());

  const create = (name: string): Promise<Response> =>
    fetch(`${gate.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } }),
    });

  test('passes requests on with the rights of who sends them, and notes them', async () => {
    expect((await create('passed')).status).toBe(201);
    const forbidden = await fetch(`${gate.url}/api/v1/nodes`, { headers: { authorization: `Bearer ${token}` } });
    expect(forbidden.status).toBe(403);
    expect(gate.calls.map(({ method, status }) => `${method} ${status}`)).toEqual(['POST 201', 'GET 403']);
  });

  test('keeps an answer back while the request has its effect', async () => {
    const held = gate.hold(({ method, body }) => method === 'POST' && body.includes('"held"'));
    let answered = false;
    const creating = create('held').then((response) => {
      answered = true;
      return response.status;
    });
    expect((await held.reached()).status).toBe(201);
    await core.readNamespacedConfigMap({ namespace, name: 'held' });
    // Later calls are not held up by it.
    expect((await create('other')).status).toBe(201);
    expect(answered).toBe(false);
    held.release();
    expect(await creating).toBe(201);
  });

  test('gives no answer to what it does not allow', async () => {
    gate.allows = ({ body }) => !body.includes('"dropped"');
    await expect(create('dropped')).rejects.toThrow();
    expect((await create('allowed')).status).toBe(201);
  });
});
