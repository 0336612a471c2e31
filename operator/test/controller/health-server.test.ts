import { afterEach, expect, test } from 'vitest';
import { HealthServer, probeAnswer } from '../../src/controller/health-server.js';
import { OperatorMetrics } from '../../src/controller/metrics.js';

let server: HealthServer | null = null;

afterEach(async () => {
  await server?.close();
  server = null;
});

function get(path: string, init?: RequestInit): Promise<Response> {
  return fetch(`http://127.0.0.1:${server?.port ?? 0}${path}`, init);
}

test('a probe says ok, or what is wrong', async () => {
  const problems: string[] = [];
  server = await HealthServer.start(0, { '/healthz': () => probeAnswer(problems) });
  const well = await get('/healthz?verbose');
  expect([well.status, await well.text()]).toEqual([200, 'ok\n']);
  problems.push('Pods have not been heard of for 400 s');
  const ill = await get('/healthz');
  expect([ill.status, await ill.text()]).toEqual([503, 'Pods have not been heard of for 400 s\n']);
});

test('other paths and methods are refused, and a route that fails ends its own connection only', async () => {
  server = await HealthServer.start(0, {
    '/ok': () => probeAnswer([]),
    '/bad': () => Promise.reject(new Error('defect')),
  });
  expect((await get('/')).status).toBe(404);
  expect((await get('/constructor')).status).toBe(404);
  expect((await get('/ok', { method: 'POST', body: 'x' })).status).toBe(405);
  await expect(get('/bad')).rejects.toThrow();
  expect((await get('/ok')).status).toBe(200);
});

test('a port that is taken is an error of the start', async () => {
  server = await HealthServer.start(0, {});
  await expect(HealthServer.start(server.port, {})).rejects.toThrow(/EADDRINUSE/);
});

test('metrics tell of passes, steps, requests, and of the state at the moment they are read', async () => {
  let depth = 1;
  let phases = new Map([['Creating', 2]]);
  const metrics = new OperatorMetrics(() => ({
    leading: true,
    queueDepth: depth,
    clustersByPhase: phases,
    reflectorSilenceSeconds: new Map([['Pod', 3]]),
  })).withProcess();
  metrics.passEnded('look-again', 0.1);
  metrics.passFailed('kubernetes-unavailable');
  metrics.stepTaken('move-shard');
  metrics.kubernetesRequest('patch', 'QdrantCluster');
  depth = 4;
  phases = new Map([['Healthy', 2]]);
  server = await HealthServer.start(0, {
    '/metrics': async () => ({ status: 200, contentType: metrics.contentType, body: await metrics.text() }),
  });
  const text = await (await get('/metrics')).text();
  for (const line of [
    'qdrant_operator_leader 1',
    'qdrant_operator_queue_depth 4',
    'qdrant_operator_clusters{phase="Healthy"} 2',
    'qdrant_operator_reflector_silence_seconds{kind="Pod"} 3',
    'qdrant_operator_passes_total{result="look-again"} 1',
    'qdrant_operator_pass_errors_total{reason="kubernetes-unavailable"} 1',
    'qdrant_operator_steps_total{step="move-shard"} 1',
    'qdrant_operator_kubernetes_requests_total{verb="patch",kind="QdrantCluster"} 1',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  expect(text).toContain('process_resident_memory_bytes');
  expect(text).not.toContain('phase="Creating"');
});
