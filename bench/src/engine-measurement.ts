import { join } from 'node:path';
import type { CurvePoint } from './curve.js';

/** What one engine, in a process of its own, reports as one line of JSON. The Python programs print the same fields. */
export interface EngineMeasurement {
  readonly engine: string;
  readonly rows: number;
  /** Writing the points, before and without the graph. */
  readonly loadSeconds: number;
  /** Building the graph over them on two threads. */
  readonly buildSeconds: number;
  /** Resident memory of the process after the searches, less what the data set itself takes in it. */
  readonly memoryBytes: number;
  /** One curve for each mode of searching, over the efforts: one search in flight. */
  readonly curves: readonly { readonly mode: string; readonly points: readonly CurvePoint[] }[];
  /**
   * The same with `searchesInFlight` at a time, so that the one search thread always has work. An engine that searches on
   * its caller's thread has none: that thread has nothing to wait for.
   */
  readonly busyCurve?: readonly CurvePoint[];
  readonly filtered: readonly FilteredMeasurement[];
}

export interface FilteredMeasurement {
  readonly name: string;
  readonly points: readonly CurvePoint[];
}

export const graphParameters = { m: 16, efConstruct: 100 } as const;
export const searchEfforts = [16, 32, 48, 64, 96, 128, 192, 256] as const;
export const filteredEfforts = [64, 128, 256] as const;
export const limit = 10;
/** Enough that one search waits for the thread while others are handed to it and from it. */
export const searchesInFlight = 8;

/** The compiled program that measures our engine; it runs in a process of its own. */
export const engineRunFile = join(import.meta.dirname, 'engine-run.js');
