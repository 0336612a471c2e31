/** A namespace for the tests of one `describe`, made before them and removed after them. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { kubectl } from './command.js';
import { releaseNamespace, reportFolder } from './settings.js';

const run = process.pid.toString(36);

/** Declares the hooks too; when a test fails, what is in the namespace is written into the report. */
export function testNamespace(purpose: string): string {
  const namespace = `${purpose}-${run}`;
  beforeAll(async () => {
    await kubectl(['create', 'namespace', namespace]);
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await report(namespace, task.name);
  });
  afterAll(async () => {
    // It is gone when its pods and volumes are, so that they do not slow the tests after it.
    await kubectl(['delete', 'namespace', namespace, '--wait', '--timeout=120s'], { timeoutMs: 130_000 });
  });
  return namespace;
}

async function report(namespace: string, test: string): Promise<void> {
  const folder = join(reportFolder, test.replace(/[^\w-]+/g, '-').slice(0, 80));
  await mkdir(folder, { recursive: true });
  const write = async (file: string, ...args: readonly string[]) => {
    const text = await kubectl(args).catch(String);
    await writeFile(join(folder, file), text);
  };
  const inNamespace = ['--namespace', namespace];
  await write('events.txt', 'get', 'events', ...inNamespace, '--sort-by=.metadata.creationTimestamp');
  await write('objects.txt', 'get', 'statefulsets,pods,services,pvc,pdb,configmaps', ...inNamespace, '--output=wide');
  await write('qdrantclusters.yaml', 'get', 'qdrantclusters', ...inNamespace, '--output=yaml');
  await write('pods.txt', 'describe', 'pods', ...inNamespace);
  await write(
    'operator.log',
    'logs',
    '--namespace',
    releaseNamespace,
    '--all-containers',
    '--tail=5000',
    '-lapp.kubernetes.io/name=qdrant-operator',
  );
  const pods = (await kubectl(['get', 'pods', ...inNamespace, '--output=name']).catch(() => '')).trim();
  for (const pod of pods === '' ? [] : pods.split('\n')) {
    const name = pod.replace('pod/', '');
    await write(`${name}.log`, 'logs', ...inNamespace, name, '--all-containers', '--tail=5000');
    await write(`${name}.previous.log`, 'logs', ...inNamespace, name, '--all-containers', '--tail=5000', '--previous');
  }
  console.error(`What was seen in ${namespace} is in ${folder}`);
}
