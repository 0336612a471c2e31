/** Three nodes on this machine: metadata, replicated writes, transfers, failover, recovery, idle cost. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchCluster, until, type BenchNode } from './bench-cluster.js';
import { runForJson } from './child-program.js';
import type { UploadLoad } from './load.js';
import { loadGeneratorFile, type LoadJob } from './load-job.js';
import { residentBytes } from './process-memory.js';
import { median } from './statistics.js';

export interface ClusterOptions {
  readonly plan: string;
  readonly source: string;
  readonly entry: string;
  readonly firstPort: number;
  /** How often each failure is made; the medians count. */
  readonly failures: number;
}

export interface Throughput {
  readonly pointsPerSecond: number;
  /** Processor time of all nodes together, building of graphs meanwhile included. */
  readonly processorMicrosPerPoint: number;
}

export interface ClusterMeasurement {
  readonly points: number;
  /** From the start of three processes until all are voters. */
  readonly formedMs: number;
  readonly collectionsPerSecond: number;
  readonly uploads: readonly ({ readonly factor: number } & Throughput)[];
  readonly transfer: Throughput;
  /** From the kill of the leader until the next collection is created, each time. */
  readonly failoverMs: readonly number[];
  /** The longest time without an answered read around the kill of a replica, and the reads that failed. */
  readonly readGapMs: readonly number[];
  readonly failedReads: number;
  /** From the start of a killed node until all its replicas are Active. */
  readonly recoveryMs: readonly number[];
  /** Per node, over the idle seconds. */
  readonly idleCpuShare: number;
  readonly idleBytes: number;
}

const host = '127.0.0.1';
const collectionsCreated = 50;
const idleMs = 10_000;
/** Seldom: answering costs the nodes more than what a transfer is late by. */
const transferPollMs = 25;
/** Kernel clock ticks in a second, as /proc counts processor time. */
const clockTicksPerSecond = 100;

export async function benchmarkCluster(options: ClusterOptions): Promise<ClusterMeasurement> {
  const started = performance.now();
  const cluster = await BenchCluster.start(options.entry, 3, options.firstPort);
  try {
    const formedMs = performance.now() - started;
    const idle = await measureIdle(cluster);
    const collectionsPerSecond = await measureCollections(cluster.node(0));
    const uploads = [];
    let points = 0;
    for (const factor of [1, 2, 3]) {
      const upload = await measureUpload(cluster, factor, options);
      points = upload.points;
      uploads.push({ factor, ...upload });
      if (factor > 1) await cluster.node(0).client.call('DELETE', `/collections/${nameOf(factor)}`);
    }
    const transfer = await measureTransfer(cluster, nameOf(1), points);
    await cluster.node(0).client.call('DELETE', `/collections/${nameOf(1)}`);
    await prepareSmall(cluster);
    const failoverMs: number[] = [];
    const readGapMs: number[] = [];
    const recoveryMs: number[] = [];
    let failedReads = 0;
    for (let round = 0; round < options.failures; round += 1) {
      const { gapMs, failed, backMs } = await killReplica(cluster, round);
      readGapMs.push(gapMs);
      failedReads += failed;
      recoveryMs.push(backMs);
      failoverMs.push(await killLeader(cluster, round));
    }
    return {
      points,
      formedMs,
      collectionsPerSecond,
      uploads,
      transfer,
      failoverMs,
      readGapMs,
      failedReads,
      recoveryMs,
      ...idle,
    };
  } finally {
    await cluster.dispose();
  }
}

const nameOf = (factor: number): string => `replicated-${factor}`;

async function processorSeconds(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
  return (Number(fields[11]) + Number(fields[12])) / clockTicksPerSecond;
}

function spentSeconds(cluster: BenchCluster): Promise<number[]> {
  return Promise.all(cluster.nodes.map(({ pid }) => processorSeconds(pid)));
}

/** What all nodes spend from this call on, for each of so many points. */
async function processorMeter(cluster: BenchCluster): Promise<(points: number) => Promise<number>> {
  const total = async (): Promise<number> => (await spentSeconds(cluster)).reduce((sum, seconds) => sum + seconds, 0);
  const before = await total();
  return async (points) => ((await total()) - before) * (1e6 / points);
}

async function measureIdle(cluster: BenchCluster): Promise<{ idleCpuShare: number; idleBytes: number }> {
  const before = await spentSeconds(cluster);
  await sleep(idleMs);
  const shares = (await spentSeconds(cluster)).map((after, index) => (after - before[index]!) / (idleMs / 1000));
  const bytes = await Promise.all(cluster.nodes.map(({ pid }) => residentBytes(pid)));
  return { idleCpuShare: Math.max(...shares), idleBytes: Math.max(...bytes) };
}

async function measureCollections({ client }: BenchNode): Promise<number> {
  const start = performance.now();
  for (let index = 0; index < collectionsCreated; index += 1) {
    await client.call('PUT', `/collections/made-${index}`, {
      vectors: { size: 4, distance: 'Dot' },
      shard_number: 1,
      replication_factor: 2,
    });
  }
  const perSecond = collectionsCreated / ((performance.now() - start) / 1000);
  for (let index = 0; index < collectionsCreated; index += 1) await client.call('DELETE', `/collections/made-${index}`);
  return perSecond;
}

async function measureUpload(
  cluster: BenchCluster,
  factor: number,
  { plan, source }: ClusterOptions,
): Promise<Throughput & { points: number }> {
  const { client, port } = cluster.node(0);
  const collection = nameOf(factor);
  await client.call('PUT', `/collections/${collection}`, {
    vectors: { size: 384, distance: 'Cosine' },
    shard_number: factor === 1 ? 1 : 3,
    replication_factor: factor,
  });
  const job: LoadJob = {
    kind: 'upload',
    plan,
    source,
    target: { host, port, collection },
    batch: 100,
    connections: 4,
    searchesPerSecond: 0,
    ef: 64,
  };
  await cluster.allActive(collection);
  const processor = await processorMeter(cluster);
  const load = await runForJson<UploadLoad>(process.execPath, [loadGeneratorFile, JSON.stringify(job)]);
  const { count } = await client.call<{ count: number }>('POST', `/collections/${collection}/points/count`, {
    exact: true,
  });
  return {
    pointsPerSecond: load.pointsPerSecond,
    processorMicrosPerPoint: await processor(count),
    points: count,
  };
}

interface ShardView {
  readonly peer_id: number;
  readonly local_shards: readonly { readonly shard_id: number; readonly state: string }[];
  readonly remote_shards: readonly { readonly shard_id: number; readonly peer_id: number; readonly state: string }[];
}

/** The one shard of a collection is copied to another peer. */
async function measureTransfer(cluster: BenchCluster, collection: string, points: number): Promise<Throughput> {
  const { client } = cluster.node(0);
  const path = `/collections/${collection}/cluster`;
  const view = await client.call<ShardView>('GET', path);
  const holder = view.local_shards.length > 0 ? view.peer_id : view.remote_shards[0]?.peer_id;
  const peers = await Promise.all(cluster.nodes.map((node) => node.view()));
  const target = peers.map((peer) => peer?.peer_id).find((peer) => peer !== undefined && peer !== holder);
  const processor = await processorMeter(cluster);
  const start = performance.now();
  await client.call('POST', path, {
    replicate_shard: { shard_id: 0, from_peer_id: holder, to_peer_id: target, method: 'stream_records' },
  });
  const secondIsActive = async (): Promise<boolean> => {
    const { local_shards: local, remote_shards: remote } = await client.call<ShardView>('GET', path);
    const replicas = [...local, ...remote];
    return replicas.length === 2 && replicas.every(({ state }) => state === 'Active');
  };
  await until('the second replica', secondIsActive, transferPollMs);
  const pointsPerSecond = points / ((performance.now() - start) / 1000);
  return { pointsPerSecond, processorMicrosPerPoint: await processor(points) };
}

const small = 'small';
const smallPoints = 1_000;

async function prepareSmall(cluster: BenchCluster): Promise<void> {
  const { client } = cluster.node(0);
  await client.call('PUT', `/collections/${small}`, {
    vectors: { size: 4, distance: 'Dot' },
    shard_number: 3,
    replication_factor: 2,
  });
  const points = Array.from({ length: smallPoints }, (_, id) => ({ id, vector: [id % 7, id % 11, id % 13, 1] }));
  await client.call('PUT', `/collections/${small}/points?wait=true`, { points });
  await cluster.allActive(small);
}

async function killReplica(
  cluster: BenchCluster,
  round: number,
): Promise<{ gapMs: number; failed: number; backMs: number }> {
  const victim = cluster.node(1 + (round % 2));
  const reader = cluster.node(0);
  const reading = { on: true, gapMs: 0, failed: 0 };
  const reads = (async () => {
    let last = performance.now();
    for (let id = 0; reading.on; id = (id + 1) % smallPoints) {
      const found = await reader.client
        .call<unknown[]>('POST', `/collections/${small}/points`, { ids: [id] })
        .catch(() => []);
      if (found.length === 0) {
        reading.failed += 1;
        continue;
      }
      const now = performance.now();
      reading.gapMs = Math.max(reading.gapMs, now - last);
      last = now;
    }
  })();
  await sleep(300);
  await victim.end('SIGKILL');
  // Writes show the others that its replicas miss something.
  const points = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((id) => ({ id, vector: [round, 1, 2, 3] }));
  await reader.client.call('PUT', `/collections/${small}/points?wait=true`, { points });
  await sleep(300);
  reading.on = false;
  await reads;
  const start = performance.now();
  victim.restart();
  await victim.ready();
  await cluster.formed();
  await cluster.allActive(small);
  return { gapMs: reading.gapMs, failed: reading.failed, backMs: performance.now() - start };
}

async function killLeader(cluster: BenchCluster, round: number): Promise<number> {
  const leader = await cluster.leader();
  const other = cluster.node((leader.index + 1) % cluster.nodes.length);
  const start = performance.now();
  await leader.end('SIGKILL');
  await until('a collection to be created', () =>
    other.client
      .call('PUT', `/collections/failover-${round}`, { vectors: { size: 4, distance: 'Dot' }, replication_factor: 1 })
      .then(
        () => true,
        (error: unknown) => String(error).includes('already exists'),
      ),
  );
  const elapsed = performance.now() - start;
  leader.restart();
  await leader.ready();
  await cluster.formed();
  await cluster.allActive(small);
  await other.client.call('DELETE', `/collections/failover-${round}`);
  return elapsed;
}

function throughputText({ pointsPerSecond, processorMicrosPerPoint }: Throughput): string {
  return `${pointsPerSecond.toFixed(0)} points/s, ${processorMicrosPerPoint.toFixed(0)} us of processor time each`;
}

export function clusterReport(measured: ClusterMeasurement): string[] {
  const range = (values: readonly number[]): string =>
    `median ${median(values).toFixed(0)} ms (${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)}, n=${values.length})`;
  return [
    `Three nodes on this machine, ${measured.points} points:`,
    `  formed, all voters, ${measured.formedMs.toFixed(0)} ms after the start of the processes`,
    `  ${measured.collectionsPerSecond.toFixed(1)} collections created per second, one after another`,
    ...measured.uploads.map(
      ({ factor, ...throughput }) => `  upload with replication factor ${factor}: ${throughputText(throughput)}`,
    ),
    `  stream_records: ${throughputText(measured.transfer)}`,
    `  leader killed -> next collection created: ${range(measured.failoverMs)}`,
    `  replica killed -> longest gap of reads: ${range(measured.readGapMs)}, ${measured.failedReads} reads failed`,
    `  killed node started -> all replicas Active: ${range(measured.recoveryMs)}`,
    `  idle: ${(measured.idleCpuShare * 100).toFixed(1)} % of a core and ${(measured.idleBytes / 2 ** 20).toFixed(0)} MiB per node`,
  ];
}
