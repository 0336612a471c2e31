/** A node alone that becomes the first of a cluster, and what it shows of that. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { NodeProcess } from '../harness/node-process.js';
import { errorText, restCaller, type RestCaller, type RestReply } from '../harness/rest.js';

let folder: string;
let peerPort: number;
let node: NodeProcess | null = null;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vdb-cluster-of-one-'));
  const claimed = createServer().listen(0, '127.0.0.1');
  await once(claimed, 'listening');
  peerPort = (claimed.address() as AddressInfo).port;
  claimed.close();
});

afterEach(async () => {
  await node?.end('SIGKILL');
  rmSync(folder, { recursive: true });
});

async function start(args: readonly string[] | null): Promise<RestCaller> {
  const cluster = { CLUSTER__ENABLED: 'true', CLUSTER__P2P__PORT: String(peerPort) };
  node = await NodeProcess.start({ folder, ...(args === null ? {} : { settings: cluster, args }) });
  return restCaller(node.url);
}

async function until(look: () => Promise<RestReply>, holds: (reply: RestReply) => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  for (;;) {
    const reply = await look();
    if (holds(reply)) return;
    if (performance.now() > deadline) throw new Error(`still ${reply.status}: ${reply.text}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

it('keeps its collections on the way into a cluster, and is not started without it again', async () => {
  let call = await start(null);
  await call('PUT', '/collections/a', { vectors: { size: 2, distance: 'Dot' }, shard_number: 2 });
  const points = [1, 2, 3].map((id) => ({ id, vector: [id, 1] }));
  expect((await call('PUT', '/collections/a/points?wait=true', { points })).status).toBe(200);
  expect((await call('GET', '/metrics')).text).toContain('cluster_enabled 0');
  await node?.end();

  const uri = `http://127.0.0.1:${peerPort}`;
  call = await start(['--uri', uri]);
  await until(
    () => call('GET', '/readyz'),
    ({ status }) => status === 200,
  );
  expect((await call('POST', '/collections/a/points/count', {})).json.result).toEqual({ count: 3 });
  const { peer_id: peer, ...cluster } = (await call('GET', '/cluster')).json.result as { readonly peer_id: number };
  expect(cluster).toMatchObject({
    status: 'enabled',
    peers: { [String(peer)]: { uri: `${uri}/` } },
    raft_info: { leader: peer, role: 'Leader', is_voter: true },
  });
  const metrics = (await call('GET', '/metrics')).text;
  for (const line of ['cluster_enabled 1', 'cluster_peers_total 1', 'cluster_voter 1']) expect(metrics).toContain(line);
  const telemetry = (await call('GET', '/telemetry?details_level=3')).json.result;
  expect(telemetry).toMatchObject({
    cluster: { enabled: true, peers: { [String(peer)]: { uri } }, peer_metadata: { [String(peer)]: {} } },
    collections: {
      collections: [{ id: 'a', shards: [{ id: 0, replicas: [{ peer_id: peer, state: 'Active' }] }, {}] }],
    },
  });
  const removed = await call('DELETE', `/cluster/peer/${peer}`);
  expect([removed.status, errorText(removed)]).toEqual([400, expect.stringContaining('Cannot remove peer')]);
  await node?.end('SIGKILL');

  // Its address is known from the last time.
  call = await start([]);
  await until(
    () => call('POST', '/collections/a/points/count', {}),
    ({ text }) => text.includes('"count":3'),
  );
  await node?.end();

  const alone = await NodeProcess.startFailing({ folder });
  expect(alone.code).toBe(1);
  expect(alone.stderr).toContain('set cluster.enabled');
});

it('ends when the cluster to join is not there', async () => {
  const settings = {
    CLUSTER__ENABLED: 'true',
    CLUSTER__P2P__PORT: String(peerPort),
    CLUSTER__CONSENSUS__BOOTSTRAP_TIMEOUT_SEC: '1',
  };
  const nobody = 'http://127.0.0.1:1';
  const args = ['--uri', `http://127.0.0.1:${peerPort}`, '--bootstrap', nobody];
  const failed = await NodeProcess.startFailing({ folder, settings, args });
  expect(failed.code).toBe(1);
  expect(failed.stderr).toContain(nobody);
  const withoutAddress = await NodeProcess.startFailing({ folder, settings, args: ['--bootstrap', nobody] });
  expect(withoutAddress.stderr).toContain('--uri');
});
