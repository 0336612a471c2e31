import { formatTable } from '../../examples/src/text-table.js';
import type { RestMeasurement } from './rest-benchmark.js';
import { concurrencySeen } from './statistics.js';

/** The measurement in words and figures; `edgeRate` is what one thread of qdrant-edge did in the same run, when it ran. */
export function restReport(measured: RestMeasurement, edgeRate: number | null): string[] {
  const { upload } = measured;
  const searches = formatTable(
    ['connections', 'searches/s', 'x qdrant-edge', 'recall@10', 'mean ms', 'p50 ms', 'p99 ms', 'rate x mean'].map(
      (title) => ({ title, align: 'right' as const, maxWidth: 20 }),
    ),
    measured.searches.map(({ connections, load }) => [
      String(connections),
      load.perSecond.toFixed(0),
      edgeRate === null ? '' : (load.perSecond / edgeRate).toFixed(2),
      load.recall.toFixed(4),
      load.latencies.meanMs.toFixed(2),
      load.latencies.p50Ms.toFixed(2),
      load.latencies.p99Ms.toFixed(2),
      concurrencySeen(load.perSecond, load.latencies.meanMs).toFixed(2),
    ]),
  );
  const beside = upload.searches;
  const loop = measured.eventLoopDuringUpload;
  return [
    `Upload of ${measured.points} points, 100 in a request, 4 connections, wait=false, WAL synced before each answer:`,
    `  ${upload.pointsPerSecond.toFixed(0)} points/s over ${upload.seconds.toFixed(1)} s (${upload.bodyMegabytes.toFixed(0)} MB), p99 of a request ${upload.uploads.p99Ms.toFixed(0)} ms`,
    `  fully indexed ${measured.indexedSeconds.toFixed(1)} s after the first request`,
    beside === null
      ? '  no searches beside it'
      : `  ${beside.latencies.count} searches beside it: recall@10 ${beside.recall.toFixed(4)}, p50 ${beside.latencies.p50Ms.toFixed(1)} ms, p99 ${beside.latencies.p99Ms.toFixed(1)} ms`,
    loop === null
      ? '  the node reports no event-loop delay'
      : `  event-loop delay p99 ${loop.p99Ms.toFixed(1)} ms, max ${loop.maxMs.toFixed(1)} ms`,
    `Search, ef ${measured.ef}:`,
    ...searches.map((line) => `  ${line}`),
    `Resident memory ${(measured.residentBytes / 2 ** 20).toFixed(0)} MiB. Ready ${measured.restartSeconds.toFixed(2)} s after a restart.`,
  ];
}
