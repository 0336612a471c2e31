import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ownGroup } from '../../src/api/group.js';
import { parseQdrantCluster } from '../../src/api/qdrant-cluster.js';
import { acceptedChanges, refusedChanges, refusedSpecs, written } from './refused-specs.js';

describe('a spec that is refused says what to do', () => {
  test.each(refusedSpecs)('$name', ({ resource, spec, says }) => {
    const parsed = parseQdrantCluster(written(ownGroup, resource ?? 'sample', spec));
    expect(parsed.kind).toBe('invalid-spec');
    const problems = parsed.kind === 'invalid-spec' ? parsed.problems.join('\n') : '';
    expect(problems).toContain(typeof says === 'string' ? says : says.operator);
  });
});

describe('each side of a change is a good spec by itself', () => {
  const specs = [...refusedChanges, ...acceptedChanges].flatMap(({ name, from, to }) => [
    { name: `${name}: before`, spec: from },
    { name: `${name}: after`, spec: to },
  ]);
  test.each(specs)('$name', ({ spec }) => {
    expect(parseQdrantCluster(written(ownGroup, 'sample', spec)).kind).toBe('cluster');
  });
});

test('a resource keeps what it does not know, and has its times as dates', () => {
  const parsed = parseQdrantCluster({
    apiVersion: 'qdrant.io/v1',
    kind: 'QdrantCluster',
    metadata: {
      name: 'qdrant-a',
      namespace: 'default',
      uid: 'u',
      generation: 2,
      creationTimestamp: '2026-01-02T03:04:05Z',
      managedFields: [{ manager: 'kubectl' }],
    },
    spec: { id: 'a', version: 'v1.19.0', size: 1, newerField: { kept: true } },
    status: { phase: 'Healthy' },
  });
  expect(parsed).toEqual({
    kind: 'cluster',
    cluster: {
      apiVersion: 'qdrant.io/v1',
      kind: 'QdrantCluster',
      metadata: {
        name: 'qdrant-a',
        namespace: 'default',
        uid: 'u',
        generation: 2,
        creationTimestamp: new Date('2026-01-02T03:04:05Z'),
      },
      spec: { id: 'a', version: 'v1.19.0', size: 1, newerField: { kept: true } },
      status: { phase: 'Healthy' },
    },
  });
});

test('a broken field of the status, or a broken spec, does not take the claim with it', () => {
  const claim = { peerId: '18446744073709551615', nodeIndex: 0, at: '2026-01-02T03:04:05Z' };
  const parsed = parseQdrantCluster({
    ...written(ownGroup, 'a', { size: 'three' }),
    status: { phase: 'Sleeping', bootstrap: claim, nodes: [] },
  });
  expect(parsed.kind === 'invalid-spec' ? parsed.cluster.status : null).toEqual({ bootstrap: claim });
});

test('whatever it is given, it answers', () => {
  const spec = fc.oneof(
    fc.anything(),
    fc.record({ version: fc.anything(), size: fc.anything() }, { requiredKeys: [] }),
  );
  const object = fc.record(
    {
      apiVersion: fc.anything(),
      kind: fc.constantFrom('QdrantCluster', 'Pod'),
      metadata: fc.oneof(fc.anything(), fc.record({ name: fc.string() })),
      spec,
      status: fc.anything(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(fc.anything(), object), (value) => {
      const parsed = parseQdrantCluster(value);
      if (parsed.kind === 'cluster') return;
      expect(parsed.problems.length).toBeGreaterThan(0);
      expect(parsed.problems.every((problem) => problem.length <= 300)).toBe(true);
    }),
    { seed: 7, numRuns: 500 },
  );
});
