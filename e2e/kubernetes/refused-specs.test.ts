import { ApiException } from '@kubernetes/client-node';
import { describe, expect, test } from 'vitest';
import { ownGroup } from '../../operator/src/api/group.js';
import { refusedSpecs, written } from '../../operator/test/api/refused-specs.js';
import { custom } from './harness/api-server.js';

async function answerTo(body: unknown): Promise<string> {
  try {
    await custom.createNamespacedCustomObject({
      group: ownGroup,
      version: 'v1',
      namespace: 'default',
      plural: 'qdrantclusters',
      body,
      dryRun: 'All',
    });
    return 'accepted';
  } catch (error) {
    if (error instanceof ApiException) return String(error.body);
    throw error;
  }
}

describe('the API server refuses, and says what to do:', () => {
  test.each(refusedSpecs)('$name', async ({ resource, spec, says }) => {
    const answer = await answerTo(written(ownGroup, resource ?? 'qdrant-refused', spec));
    expect(answer.replaceAll('\\"', '"')).toContain(typeof says === 'string' ? says : says.apiServer);
  });

  test('and takes what is right', async () => {
    const spec = { version: '0.1.0', size: 3 };
    expect(await answerTo(written(ownGroup, 'qdrant-right', spec))).toBe('accepted');
  });
});
