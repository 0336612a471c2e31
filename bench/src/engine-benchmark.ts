import { formatTable } from '../../examples/src/text-table.js';
import { runForJson } from './child-program.js';
import { bestRateAtRecall, rateAtRecall, type CurvePoint } from './curve.js';
import { engineRunFile, searchesInFlight, type EngineMeasurement } from './engine-measurement.js';
import { pythonWithEngines } from './python-environment.js';

const recallAimed = 0.99;
const filteredRecallAimed = 0.98;

/** Measures our engine and the others on one plan, one after the other, and prints them side by side. */
export async function benchmarkEngines(planFile: string, measureScript: string): Promise<EngineMeasurement[]> {
  const python = await pythonWithEngines();
  const measured: EngineMeasurement[] = [];
  console.log('Measuring this engine');
  measured.push(await runForJson<EngineMeasurement>(process.execPath, ['--expose-gc', engineRunFile, planFile]));
  for (const engine of ['edge', 'edge-int8', 'hnswlib']) {
    console.log(`Measuring ${engine}`);
    measured.push(await runForJson<EngineMeasurement>(python, [measureScript, engine, planFile]));
  }
  return measured;
}

/** Every figure beside its ratio to qdrant-edge in float32, measured in the same run. */
export function engineTable(measured: readonly EngineMeasurement[]): string[] {
  const reference = measured.find((one) => one.engine === 'edge');
  const rows = measured.map((one) => [
    one.engine,
    ...withRatio(searchRate(one), reference && searchRate(reference), 0),
    ...withRatio(busySearchRate(one), reference && busySearchRate(reference), 0),
    ...withRatio(one.buildSeconds, reference?.buildSeconds, 1),
    ...withRatio(one.memoryBytes / 2 ** 20, reference && reference.memoryBytes / 2 ** 20, 0),
    one.loadSeconds.toFixed(1),
  ]);
  return formatTable(
    [
      'engine',
      `searches/s at ${recallAimed}, one in flight`,
      'ratio',
      'its thread always busy',
      'ratio',
      'build s',
      'ratio',
      'memory MiB',
      'ratio',
      'load s',
    ].map((title, index) => ({ title, align: index === 0 ? ('left' as const) : ('right' as const), maxWidth: 40 })),
    rows,
  );
}

/** What the two columns of searches say; printed below the table. */
export const searchColumns =
  `One in flight: a search is asked for when the one before it is answered. Always busy: ${searchesInFlight} in flight on one ` +
  `search thread, so that it never waits for the thread of JavaScript, which works beside it; the others search on the ` +
  `thread of their caller and have one figure for both.`;

/** All measured efforts, so that the interpolation can be checked. */
export function curveTable(measured: readonly EngineMeasurement[]): string[] {
  const rows = measured.flatMap((one) =>
    [...one.curves, ...busyCurves(one)].map(({ mode, points }) => [
      one.engine,
      mode,
      points.map(describePoint).join(', '),
    ]),
  );
  return formatTable(
    [
      { title: 'engine', align: 'left', maxWidth: 20 },
      { title: 'mode', align: 'left', maxWidth: 40 },
      { title: 'ef: recall@10 / searches per s', align: 'left', maxWidth: 400 },
    ],
    rows,
  );
}

/** Filtered searches: the least effort that reaches the recall aimed at, or the greatest with the recall it has. */
export function filteredTable(measured: readonly EngineMeasurement[]): string[] {
  const reference = measured.find((one) => one.engine === 'edge');
  const rows = measured.flatMap((one) =>
    one.filtered.map(({ name, points }) => {
      const chosen = leastEffort(points, filteredRecallAimed);
      const other = reference?.filtered.find((candidate) => candidate.name === name)?.points;
      const rate = other && leastEffort(other, filteredRecallAimed).searchesPerSecond;
      return [
        name,
        one.engine,
        chosen.ef.toFixed(0),
        chosen.recall.toFixed(3),
        ...withRatio(chosen.searchesPerSecond, rate, 0),
      ];
    }),
  );
  return formatTable(
    ['filter', 'engine', 'ef', 'recall@10', 'searches/s', 'ratio'].map((title, index) => ({
      title,
      align: index < 2 ? ('left' as const) : ('right' as const),
      maxWidth: 40,
    })),
    rows.sort((left, right) => left[0]!.localeCompare(right[0]!)),
  );
}

export function searchRate(measured: EngineMeasurement): number | null {
  return bestRateAtRecall(
    measured.curves.map((curve) => curve.points),
    recallAimed,
  );
}

function busySearchRate(measured: EngineMeasurement): number | null {
  return measured.busyCurve === undefined ? searchRate(measured) : rateAtRecall(measured.busyCurve, recallAimed);
}

function busyCurves({ busyCurve }: EngineMeasurement): EngineMeasurement['curves'] {
  return busyCurve === undefined ? [] : [{ mode: `${searchesInFlight} in flight`, points: busyCurve }];
}

function leastEffort(points: readonly CurvePoint[], recall: number): CurvePoint {
  const sorted = [...points].sort((left, right) => left.ef - right.ef);
  return sorted.find((point) => point.recall >= recall) ?? sorted[sorted.length - 1]!;
}

function describePoint(point: CurvePoint): string {
  return `${point.ef}: ${point.recall.toFixed(4)} / ${point.searchesPerSecond.toFixed(0)}`;
}

function withRatio(value: number | null, reference: number | null | undefined, digits: number): [string, string] {
  if (value === null) return ['not reached', ''];
  return [
    value.toFixed(digits),
    reference === null || reference === undefined ? '' : `${(value / reference).toFixed(2)}x`,
  ];
}
