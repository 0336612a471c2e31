/** The operator as the chart runs it. */
import { afterAll, beforeAll } from 'vitest';
import { waitUntil } from '../../harness/waiting.js';
import { apps, core } from './api-server.js';
import { kubectl } from './command.js';
import { release, releaseNamespace } from './settings.js';

const selector = 'app.kubernetes.io/name=qdrant-operator';

export async function chartDeployment(): Promise<string> {
  const { items } = await apps.listNamespacedDeployment({ namespace: releaseNamespace, labelSelector: selector });
  const name = items[0]?.metadata?.name;
  if (name === undefined) throw new Error(`release ${release} has no Deployment in ${releaseNamespace}`);
  return name;
}

export async function operatorPods(): Promise<string[]> {
  const { items } = await core.listNamespacedPod({ namespace: releaseNamespace, labelSelector: selector });
  return items.map(({ metadata }) => metadata?.name ?? '');
}

async function scaleChartOperator(replicas: number): Promise<void> {
  const deployment = `deployment/${await chartDeployment()}`;
  await kubectl(['--namespace', releaseNamespace, 'scale', deployment, `--replicas=${replicas}`]);
  if (replicas > 0) {
    await kubectl(['--namespace', releaseNamespace, 'rollout', 'status', deployment, '--timeout=60s']);
    return;
  }
  await waitUntil(async () => (await operatorPods()).length === 0, {
    what: "the chart's operator to be gone",
    deadlineMs: 60_000,
    pollMs: 250,
  });
}

/** For tests that run operators of their own: the chart's is away meanwhile, and back after them. */
export function withoutChartOperator(): void {
  beforeAll(() => scaleChartOperator(0));
  afterAll(() => scaleChartOperator(1));
}
