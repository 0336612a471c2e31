import { ApiException } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { ownGroup } from '../../operator/src/api/group.js';
import {
  acceptedChanges,
  refusedChanges,
  refusedSpecs,
  written,
  type WrittenCluster,
} from '../../operator/test/api/refused-specs.js';
import { custom } from './harness/api-server.js';
import { testNamespace } from './harness/test-namespace.js';

const namespace = testNamespace('refused');
const clusters = { group: ownGroup, version: 'v1', namespace, plural: 'qdrantclusters' };

/** The operator leaves these alone, so that each is only what a test wrote. */
const paused = { pauses: [{ owner: 'tests', reason: 'Only its spec matters.' }] };

async function answerTo(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return 'accepted';
  } catch (error) {
    if (error instanceof ApiException) return String(error.body).replaceAll('\\"', '"');
    throw error;
  }
}

function answerToNew(body: WrittenCluster): Promise<string> {
  return answerTo(custom.createNamespacedCustomObject({ ...clusters, body, dryRun: 'All' }));
}

/** The table counts on this name: an id that is not given is that of the resource. */
const name = 'sample';

/** Makes the first, and resolves to what is said about the second in its place. */
async function answerToChange(from: WrittenCluster['spec'], to: WrittenCluster['spec']): Promise<string> {
  await custom.createNamespacedCustomObject({ ...clusters, body: written(ownGroup, name, { ...from, ...paused }) });
  try {
    const patch = [{ op: 'replace', path: '/spec', value: { ...to, ...paused } }];
    return await answerTo(custom.patchNamespacedCustomObject({ ...clusters, name, body: patch, dryRun: 'All' }));
  } finally {
    await custom.deleteNamespacedCustomObject({ ...clusters, name });
  }
}

describe('the API server refuses, and says what to do:', () => {
  test.each(refusedSpecs)('$name', async ({ resource, spec, says }) => {
    const answer = await answerToNew(written(ownGroup, resource ?? 'qdrant-refused', spec));
    expect(answer).toContain(typeof says === 'string' ? says : says.apiServer);
  });

  test.each(refusedChanges)('a change to $name', async ({ from, to, says }) => {
    expect(await answerToChange(from, to)).toContain(says);
  });
});

describe('the API server takes', () => {
  test('what is right', async () => {
    expect(await answerToNew(written(ownGroup, 'qdrant-right', { version: '0.1.0', size: 3 }))).toBe('accepted');
  });

  test.each(acceptedChanges)('a change to $name', async ({ from, to }) => {
    expect(await answerToChange(from, to)).toBe('accepted');
  });
});
