import { setTimeout as sleep } from 'node:timers/promises';
import { HttpConnection, httpRequest } from './http-connection.js';
import { neighborsOf, recallOf, recallWhileLoading, type Truth } from './recall.js';
import { summarize, type Latencies } from './statistics.js';
import { rowOf, rowsOf, type Matrix } from '../../examples/src/exact-search.js';
import { limit } from './engine-measurement.js';

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly collection: string;
}

export interface SearchLoad {
  readonly perSecond: number;
  readonly recall: number;
  readonly latencies: Latencies;
}

/** Requests that search for each query, with the effort `ef`. */
export function searchRequests(target: Target, queries: Matrix, ef: number): Buffer[] {
  const path = `/collections/${target.collection}/points/query`;
  return Array.from({ length: rowsOf(queries) }, (_, query) => {
    const vector = Array.from(rowOf(queries, query), printed);
    return httpRequest(target.host, 'POST', path, JSON.stringify({ query: vector, limit, params: { hnsw_ef: ef } }));
  });
}

/** Requests that upsert the rows in order, `batch` in each. */
export function upsertRequests(target: Target, vectors: Matrix, payloads: readonly string[], batch: number): Buffer[] {
  const path = `/collections/${target.collection}/points?wait=false`;
  const requests: Buffer[] = [];
  for (let first = 0; first < rowsOf(vectors); first += batch) {
    const points: string[] = [];
    for (let row = first; row < Math.min(first + batch, rowsOf(vectors)); row++) {
      const vector = Array.from(rowOf(vectors, row), printed).join(',');
      points.push(`{"id":${row},"vector":[${vector}],"payload":${payloads[row]!}}`);
    }
    requests.push(httpRequest(target.host, 'PUT', path, `{"points":[${points.join(',')}]}`));
  }
  return requests;
}

/** As clients print float32 components: enough digits to be read back, and no more. */
function printed(value: number): number {
  return Number(value.toPrecision(8));
}

/** Searches in a closed loop on `connections` connections until the time is over, after a short warm-up. */
export async function searchClosedLoop(
  target: Target,
  requests: readonly Buffer[],
  truth: Truth,
  connections: number,
  durationMs: number,
): Promise<SearchLoad> {
  const warmUntil = performance.now() + Math.min(2_000, durationMs / 4);
  const until = warmUntil + durationMs;
  const latenciesMs: number[] = [];
  let recallSum = 0;
  let next = 0;
  const loop = async (): Promise<void> => {
    const connection = await HttpConnection.open(target.host, target.port);
    for (let start = performance.now(); start < until;) {
      const query = next++ % requests.length;
      const answer = await connection.send(requests[query]!);
      const end = performance.now();
      const found = foundIds(answer.status, answer.body);
      if (start >= warmUntil && end <= until) {
        latenciesMs.push(end - start);
        recallSum += recallOf(found, neighborsOf(truth, query), limit);
      }
      start = performance.now();
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: connections }, loop));
  return {
    perSecond: (latenciesMs.length * 1000) / durationMs,
    recall: recallSum / latenciesMs.length,
    latencies: summarize(latenciesMs),
  };
}

export interface UploadLoad {
  readonly pointsPerSecond: number;
  readonly seconds: number;
  readonly bodyMegabytes: number;
  readonly uploads: Latencies;
  /** Searches at a fixed pace while the upload ran; null when none was asked for. */
  readonly searches: { readonly recall: number; readonly latencies: Latencies } | null;
}

export interface PacedSearch {
  readonly requests: readonly Buffer[];
  readonly truth: Truth;
  readonly perSecond: number;
}

/** Uploads over several connections, each with one batch in flight, and searches beside it at a fixed pace. */
export async function upload(
  target: Target,
  requests: readonly Buffer[],
  batch: number,
  connections: number,
  beside: PacedSearch | null,
): Promise<UploadLoad> {
  const acknowledged = new Uint8Array(requests.length);
  const latenciesMs: number[] = [];
  let next = 0;
  let contiguous = 0;
  let running = true;
  const loop = async (): Promise<void> => {
    const connection = await HttpConnection.open(target.host, target.port);
    while (next < requests.length) {
      const index = next++;
      const start = performance.now();
      const answer = await connection.send(requests[index]!);
      if (answer.status !== 200) throw new Error(`upsert: ${answer.status} ${answer.body.toString('utf8')}`);
      latenciesMs.push(performance.now() - start);
      acknowledged[index] = 1;
      while (acknowledged[contiguous] === 1) contiguous++;
    }
    connection.close();
  };
  const start = performance.now();
  const searching = beside === null ? null : searchAtPace(target, beside, () => (running ? contiguous * batch : null));
  await Promise.all(Array.from({ length: connections }, loop));
  const seconds = (performance.now() - start) / 1000;
  running = false;
  return {
    pointsPerSecond: (requests.length * batch) / seconds,
    seconds,
    bodyMegabytes: requests.reduce((sum, request) => sum + request.length, 0) / 1e6,
    uploads: summarize(latenciesMs),
    searches: await searching,
  };
}

/**
 * Searches at the pace given, on connections enough that a slow answer delays no later one; latency counts from the time at
 * which a search was due. `visible` says how many rows are acknowledged, or null at the end.
 */
async function searchAtPace(
  target: Target,
  search: PacedSearch,
  visible: () => number | null,
): Promise<{ recall: number; latencies: Latencies }> {
  const idle: HttpConnection[] = [];
  const latenciesMs: number[] = [];
  const recalls: number[] = [];
  const pending: Promise<unknown>[] = [];
  let failure: unknown = null;
  const one = async (query: number, rows: number, due: number): Promise<void> => {
    let connection = idle.pop();
    while (connection?.usable === false) connection = idle.pop();
    connection ??= await HttpConnection.open(target.host, target.port);
    const answer = await connection.send(search.requests[query]!);
    latenciesMs.push(performance.now() - due);
    idle.push(connection);
    const recall = recallWhileLoading(
      foundIds(answer.status, answer.body),
      neighborsOf(search.truth, query),
      limit,
      rows,
    );
    if (recall !== null) recalls.push(recall);
  };
  const start = performance.now();
  for (let sent = 0; ; sent++) {
    const due = start + (sent * 1000) / search.perSecond;
    const early = due - performance.now();
    if (early > 0) await sleep(early);
    const rows = visible();
    if (rows === null || failure !== null) break;
    pending.push(one(sent % search.requests.length, rows, due).catch((error: unknown) => (failure ??= error)));
  }
  await Promise.all(pending);
  if (failure !== null) throw failure instanceof Error ? failure : new Error('a search failed');
  for (const connection of idle) connection.close();
  return {
    recall: recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length,
    latencies: summarize(latenciesMs),
  };
}

function foundIds(status: number, body: Buffer): number[] {
  const text = body.toString('utf8');
  if (status !== 200) throw new Error(`search: ${status} ${text}`);
  return (JSON.parse(text) as { result: { points: { id: number }[] } }).result.points.map((point) => point.id);
}
