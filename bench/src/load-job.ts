import { join } from 'node:path';
import type { Target } from './load.js';

export interface SearchJob {
  readonly kind: 'search';
  readonly plan: string;
  readonly target: Target;
  readonly ef: number;
  readonly connections: number;
  readonly durationMs: number;
}

export interface UploadJob {
  readonly kind: 'upload';
  readonly plan: string;
  /** Folder of the data set, for the payloads. */
  readonly source: string;
  readonly target: Target;
  readonly batch: number;
  readonly connections: number;
  /** 0 for an upload without searches beside it. */
  readonly searchesPerSecond: number;
  readonly ef: number;
}

/** What the load generator does in its process. */
export type LoadJob = SearchJob | UploadJob;

/** The compiled program of the load generator; it takes a job as JSON and prints its result as one line of JSON. */
export const loadGeneratorFile = join(import.meta.dirname, 'load-generator.js');
