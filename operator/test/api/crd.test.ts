import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { chartTemplate, crdFileName, crdYaml } from '../../src/api/crd-files.js';
import { crdOf, resourceSchema, type StructuralSchema } from '../../src/api/crd.js';
import { apiGroups } from '../../src/api/group.js';
import { specRules } from '../../src/api/spec-rules.js';

const root = new URL('../../../', import.meta.url);
const committed = (path: string) => readFileSync(new URL(path, root), 'utf8');

describe.each(apiGroups)('the definition of %s', (group) => {
  test('that is committed is the one that the schema makes (`make crds` writes it)', () => {
    expect(committed(`crds/${crdFileName(group)}`)).toBe(crdYaml(group));
  });

  test('is the same in the chart, where it outlives its release', () => {
    const template = committed(`charts/qdrant-operator/templates/crds/${crdFileName(group)}`);
    expect(template).toBe(chartTemplate(group));
    const plain = template
      .split('\n')
      .filter((line) => !line.startsWith('{{') && !/^ {2}annotations:|^ {4}helm.sh\/resource-policy: keep$/.test(line));
    expect(plain.join('\n')).toBe(crdYaml(group));
  });

  test('stays small enough for the annotation of kubectl apply, and for the eye', () => {
    expect(JSON.stringify(crdOf(group)).length).toBeLessThan(60_000);
  });
});

/** What a structural schema may not contain, after the rules of apiextensions.k8s.io/v1. */
const forbidden = ['$ref', '$schema', 'definitions', 'dependencies', 'deprecated', 'discriminator', 'id'].concat([
  'patternProperties',
  'readOnly',
  'writeOnly',
  'xml',
  'uniqueItems',
  'oneOf',
  'anyOf',
  'allOf',
  'not',
]);

function* nodesOf(schema: StructuralSchema, path: string): Generator<[string, StructuralSchema]> {
  yield [path, schema];
  for (const [name, field] of Object.entries(schema.properties ?? {})) yield* nodesOf(field, `${path}.${name}`);
  if (schema.items !== undefined) yield* nodesOf(schema.items, `${path}[]`);
  if (schema.additionalProperties !== undefined) yield* nodesOf(schema.additionalProperties, `${path}.*`);
}

describe('the schema', () => {
  const nodes = [...nodesOf(resourceSchema(), '')];

  test('is structural: every part has a type, and says nothing that Kubernetes does not take', () => {
    for (const [path, schema] of nodes) {
      const typed = typeof schema['type'] === 'string' || schema['x-kubernetes-int-or-string'] === true;
      expect(typed, `${path} has a type`).toBe(true);
      expect(
        Object.keys(schema).filter((key) => forbidden.includes(key)),
        path,
      ).toEqual([]);
      expect(schema.properties === undefined || schema.additionalProperties === undefined, path).toBe(true);
      expect(schema['type'] === 'array', path).toBe(schema.items !== undefined);
    }
  });

  test('keeps unknown fields wherever there are fields of ours', () => {
    const pruned = nodes.filter(
      ([path, schema]) =>
        schema.properties !== undefined &&
        schema['x-kubernetes-preserve-unknown-fields'] !== true &&
        // The resource itself; fields of metadata are Kubernetes' own. Conditions have a fixed form, and so have names.
        !['', '.metadata', '.status.conditions[]'].includes(path) &&
        !path.endsWith('.metadata'),
    );
    expect(pruned.map(([path]) => path)).toEqual([]);
  });

  test('limits every text and list that we describe, so that the cost of rules can be estimated', () => {
    const unlimited = nodes.filter(
      ([path, schema]) =>
        path.startsWith('.spec') &&
        schema['description'] !== undefined &&
        ((schema['type'] === 'string' && schema['enum'] === undefined && schema['maxLength'] === undefined) ||
          (schema['type'] === 'array' && schema['maxItems'] === undefined)),
    );
    expect(unlimited.map(([path]) => path)).toEqual([]);
  });

  test('describes every field of ours in a sentence', () => {
    const rules = new Map(nodes);
    for (const field of ['spec', 'status', 'spec.operator.deadPeer.action', 'status.nodes.*.peerId']) {
      expect(rules.get(`.${field}`)?.['description'], field).toMatch(/\.$/);
    }
  });

  test('carries every rule, with its sentence', () => {
    const messages = JSON.stringify(resourceSchema());
    for (const { message } of specRules) expect(messages).toContain(JSON.stringify(message));
    expect(new Set(specRules.map(({ message }) => message)).size).toBe(specRules.length);
  });
});

test('kubectl scale, and the columns of kubectl get, find their fields', () => {
  const [version] = crdOf('qdrantcluster.dev').spec.versions;
  expect(version?.subresources).toEqual({
    status: {},
    scale: {
      specReplicasPath: '.spec.size',
      statusReplicasPath: '.status.currentNodes',
      labelSelectorPath: '.status.selector',
    },
  });
  expect(version?.additionalPrinterColumns.map(({ name }) => name)).toEqual([
    'Nodes',
    'Version',
    'Phase',
    'Ready',
    'Age',
    'Message',
  ]);
});
