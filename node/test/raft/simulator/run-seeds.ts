import { RaftNode } from '../../../src/raft/raft-node.js';
import type { Plan } from './plan.js';
import { noCounts, World } from './world.js';
import type { Counts } from './world.js';

export interface SeedRange {
  readonly first: number;
  readonly count: number;
  readonly plan?: Partial<Plan>;
  readonly trace?: boolean;
}

export interface SeedReport {
  /** How many ran, the failed one included. */
  readonly seeds: number;
  readonly counts: Counts;
  readonly failure: { readonly seed: number; readonly message: string } | null;
  /** Empty unless it was asked for. */
  readonly lines: readonly string[];
}

/** Runs seeds one after the other, until one fails. */
export function runSeeds({ first, count, plan = {}, trace = false }: SeedRange): SeedReport {
  const counts = noCounts();
  const lines: string[] = [];
  for (let seed = first; seed < first + count; seed += 1) {
    const tracing = trace ? { trace: (line: string) => void lines.push(line) } : {};
    const world = new World({ seed, plan, makeRaft: (config, state) => new RaftNode(config, state), ...tracing });
    try {
      const run = world.run();
      for (const key of Object.keys(counts) as (keyof Counts)[]) counts[key] += run[key];
    } catch (error) {
      return { seeds: seed - first + 1, counts, failure: { seed, message: String(error) }, lines };
    }
  }
  return { seeds: count, counts, failure: null, lines };
}

export function describeCounts(counts: Counts): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}
