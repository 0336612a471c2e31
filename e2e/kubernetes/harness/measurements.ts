/** Figures that a run of the scenarios gives beside passing or not; docs/internals/performance.md keeps some. */
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { reportFolder } from './settings.js';

export function measured(what: string, value: number, unit: 's' | 'MB' | 'calls/min'): void {
  mkdirSync(reportFolder, { recursive: true });
  const line = `${what}: ${value.toFixed(1)} ${unit}`;
  appendFileSync(join(reportFolder, 'measurements.txt'), `${line}\n`);
  console.log(line);
}
