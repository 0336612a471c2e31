import { describe, expect, test } from 'vitest';
import { fieldRows } from '../../src/api/reference-tables.js';
import { inertFields, unsupportedAnnotations, unsupportedFields } from '../../src/api/unsupported-fields.js';
import { specWith } from './samples.js';

describe('fields that nothing acts on', () => {
  const table: [string, Record<string, unknown>, string[]][] = [
    ['nothing is named of a spec that is acted on', { clusterManager: true, pauses: [{ owner: 'me' }] }, []],
    ['suspension', { suspend: true }, ['suspend']],
    ['a value that asks for what happens anyway', { suspend: false, multiAZ: false, onDemandReplication: 'Off' }, []],
    ['another way to balance', { rebalanceStrategy: 'by_size' }, ['rebalanceStrategy: the others act as by_count']],
    ['the way to balance that there is', { rebalanceStrategy: 'by_count' }, []],
    ['no balance', { rebalanceStrategy: 'disabled' }, []],
    ['a whole part', { gpu: { gpuType: 'nvidia' } }, ['gpu']],
    ['a part that is switched off', { ingress: { enabled: false }, config: { inference: { enabled: false } } }, []],
    [
      'access tokens',
      { config: { service: { jwt_rbac: true } } },
      ['config.service.jwt_rbac: access tokens are refused'],
    ],
    [
      'more than one transfer',
      { operator: { drain: { maxConcurrentTransfers: 4 } } },
      ['operator.drain.maxConcurrentTransfers: shards move one at a time'],
    ],
    ['a field of a later version', { config: { storage: { newer: 1 } } }, ['config.storage.newer: not known']],
    ['a misspelt field', { sizes: 3 }, ['sizes: not known']],
    ['one in a list', { pauses: [{}, { who: 'me' }] }, ['pauses.1.who: not known']],
    ['what is below a type of Kubernetes is Kubernetes’ own', { tolerations: [{ anything: true }] }, []],
    ['names that objects inherit', { nodeSelector: { constructor: 'a' } }, []],
    ['the same as a field', { constructor: 'a' }, ['constructor: not known']],
  ];
  test.each(table)('%s', (_, spec, expected) => {
    expect(unsupportedFields(specWith(spec))).toEqual(expected);
  });

  test('a spec that is made to fill the condition does not', () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`${'x'.repeat(500)}${at}`, at]));
    const names = unsupportedFields(specWith(many));
    expect(names.length).toBe(50);
    expect(Math.max(...names.map((name) => name.length))).toBe(200);
  });

  test('every one of them is in the schema, or has gone from it', () => {
    const known = new Set(fieldRows('spec').map(({ path }) => path));
    expect(inertFields.map(({ path }) => path).filter((path) => !known.has(path))).toEqual([]);
  });
});

test('annotations of Qdrant’s operator that ask for what is not done', () => {
  expect(unsupportedAnnotations({ restartedAt: '2026-01-01T00:00:00Z', 'example.com/other': 'x' })).toEqual([
    'restartedAt',
  ]);
  expect(unsupportedAnnotations(undefined)).toEqual([]);
});
