import { readMatrix, readPayloadLines } from '../../examples/src/wordnet-set.js';
import { readPlan, readTruth } from './engine-plan.js';
import { searchClosedLoop, searchRequests, upload, upsertRequests } from './load.js';
import type { LoadJob } from './load-job.js';

async function run(job: LoadJob): Promise<unknown> {
  const plan = await readPlan(job.plan);
  const truth = await readTruth(job.plan, plan);
  const queries = await readMatrix(plan.queriesFile);
  const requests = searchRequests(
    job.target,
    { values: queries.values.subarray(0, plan.queries * plan.dimension), dimension: plan.dimension },
    job.ef,
  );
  switch (job.kind) {
    case 'search':
      return searchClosedLoop(job.target, requests, truth, job.connections, job.durationMs);
    case 'upload': {
      const vectors = await readMatrix(plan.vectorsFile);
      const rows = { values: vectors.values.subarray(0, plan.rows * plan.dimension), dimension: plan.dimension };
      const payloads = (await readPayloadLines(job.source)).slice(0, plan.rows);
      const beside = job.searchesPerSecond === 0 ? null : { requests, truth, perSecond: job.searchesPerSecond };
      const upserts = upsertRequests(job.target, rows, payloads, job.batch);
      return upload(job.target, upserts, job.batch, job.connections, beside);
    }
  }
}

console.log(JSON.stringify(await run(JSON.parse(process.argv[2] ?? '') as LoadJob)));
