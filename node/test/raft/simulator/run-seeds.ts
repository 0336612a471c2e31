import { noCounts, World } from './world.js';
import type { Counts } from './world.js';
import type { Plan } from './plan.js';
import type { MakeRaft } from './simulated-peer.js';

export interface Failure {
  readonly seed: number;
  readonly error: Error;
}

export interface Outcome {
  readonly seeds: number;
  readonly counts: Counts;
  readonly failure: Failure | null;
}

export interface SeedRange {
  readonly first: number;
  readonly count: number;
  readonly makeRaft: MakeRaft;
  readonly plan?: Partial<Plan>;
}

/** Runs seeds one after the other, until one fails. */
export function runSeeds({ first, count, makeRaft, plan = {} }: SeedRange): Outcome {
  const counts = noCounts();
  for (let seed = first; seed < first + count; seed += 1) {
    try {
      const run = new World({ seed, makeRaft, plan }).run();
      for (const key of Object.keys(counts) as (keyof Counts)[]) counts[key] += run[key];
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return { seeds: seed - first + 1, counts, failure: { seed, error } };
    }
  }
  return { seeds: count, counts, failure: null };
}

/** The same seed once more, line by line. */
export function traceSeed(seed: number, makeRaft: MakeRaft): string[] {
  const lines: string[] = [];
  try {
    new World({ seed, makeRaft, trace: (line) => lines.push(line) }).run();
  } catch (error) {
    lines.push(String(error));
  }
  return lines;
}

export function describeCounts(counts: Counts): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}
