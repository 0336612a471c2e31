import { describe, expect, it } from 'vitest';
import { SimulatedCluster } from './simulation/simulated-cluster.js';

/** REPLICA_SEEDS and REPLICA_FIRST_SEED ask for more, or for one again; REPLICA_TRACE prints what happens. */
const seeds = Number(process.env['REPLICA_SEEDS'] ?? 120);
const firstSeed = Number(process.env['REPLICA_FIRST_SEED'] ?? 1);
const trace = process.env['REPLICA_TRACE'] === undefined ? undefined : (line: string): void => console.log(line);

describe('replica sets of several peers', () => {
  it(
    `lose no acknowledged write and end equal, whatever happens (${seeds} seeds)`,
    { timeout: 60_000 + seeds * 1_000 },
    async () => {
      const totals = {
        acknowledged: 0,
        acknowledgedWithWait: 0,
        failed: 0,
        givenUp: 0,
        crashes: 0,
        partitions: 0,
        metadataChanges: 0,
      };
      const failures: string[] = [];
      for (let seed = firstSeed; seed < firstSeed + seeds; seed += 1) {
        const report = await new SimulatedCluster({ seed, ...(trace === undefined ? {} : { trace }) }).run();
        for (const problem of report.problems) failures.push(`REPLICA_FIRST_SEED=${seed} REPLICA_SEEDS=1: ${problem}`);
        for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += report[key];
        if (failures.length > 5) break;
      }
      console.log(JSON.stringify(totals));
      expect(failures).toEqual([]);
    },
  );
});
