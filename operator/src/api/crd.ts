/** The CustomResourceDefinition of a group, made from the schemas and the rules. */
import { z } from 'zod';
import { clusterSpec } from './cluster-spec.js';
import { clusterStatus } from './cluster-status.js';
import { apiVersionName, crdOwnerLabel, kindName, namesOf, pluralName, type ApiGroup } from './group.js';
import { specRules, type SpecRule } from './spec-rules.js';

/** A schema of OpenAPI v3, in the part of it that Kubernetes calls structural. */
export interface StructuralSchema {
  readonly [key: string]: unknown;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly items?: StructuralSchema;
  readonly additionalProperties?: StructuralSchema;
}

const printerColumns = [
  { name: 'Nodes', type: 'integer', jsonPath: '.spec.size' },
  { name: 'Version', type: 'string', jsonPath: '.spec.version' },
  { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
  { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  { name: 'Message', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].message', priority: 1 },
];

export function crdOf(group: ApiGroup) {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: namesOf(group).crdName, labels: { [crdOwnerLabel.key]: crdOwnerLabel.value } },
    spec: {
      group,
      names: {
        kind: kindName,
        listKind: `${kindName}List`,
        plural: pluralName,
        singular: 'qdrantcluster',
        shortNames: ['qc', 'qcs'],
      },
      scope: 'Namespaced',
      versions: [
        {
          name: apiVersionName,
          served: true,
          storage: true,
          additionalPrinterColumns: printerColumns,
          subresources: {
            status: {},
            scale: {
              specReplicasPath: '.spec.size',
              statusReplicasPath: '.status.currentNodes',
              labelSelectorPath: '.status.selector',
            },
          },
          schema: { openAPIV3Schema: resourceSchema() },
        },
      ],
    },
  };
}

export function resourceSchema(): StructuralSchema {
  const bare: StructuralSchema = {
    type: 'object',
    description: 'A cluster of Qdrant nodes.',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      // The limit bounds the cost of rules about the name; Kubernetes has it anyway.
      metadata: { type: 'object', properties: { name: { type: 'string', maxLength: 253 } } },
      spec: structural(schemaOf(clusterSpec)),
      status: structural(schemaOf(clusterStatus)),
    },
  };
  return specRules.reduce((schema, rule) => withRule(schema, rule.at, rule), bare);
}

function schemaOf(schema: z.ZodType): unknown {
  return z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', unrepresentable: 'any' });
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Leaves out what is not structural, or says nothing. */
function structural(schema: unknown): StructuralSchema {
  if (!isMapping(schema)) throw new Error(`a schema is not an object: ${JSON.stringify(schema)}`);
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  return Object.fromEntries(
    Object.entries(schema).flatMap(([key, value]): [string, unknown][] => {
      switch (key) {
        case '$schema':
          return [];
        case 'properties': {
          const fields = Object.entries(isMapping(value) ? value : {});
          if (fields.length === 0) return [];
          return [[key, Object.fromEntries(fields.map(([name, field]) => [name, structural(field)]))]];
        }
        case 'additionalProperties':
          return isMapping(value) && Object.keys(value).length > 0 ? [[key, structural(value)]] : [];
        case 'items':
          return [[key, structural(value)]];
        case 'anyOf':
          return intOrString ? [] : [[key, value]];
        case 'minimum':
        case 'maximum':
          return typeof value === 'number' && Number.isSafeInteger(value) && Math.abs(value) < Number.MAX_SAFE_INTEGER
            ? [[key, value]]
            : [];
        default:
          return [[key, value]];
      }
    }),
  );
}

function withRule(schema: StructuralSchema, at: readonly string[], rule: SpecRule): StructuralSchema {
  const [name, ...below] = at;
  if (name === undefined) {
    const rules: unknown = schema['x-kubernetes-validations'] ?? [];
    const before: readonly unknown[] = Array.isArray(rules) ? rules : [];
    return { ...schema, 'x-kubernetes-validations': [...before, { rule: rule.cel, message: rule.message }] };
  }
  const field = schema.properties?.[name];
  if (field === undefined) throw new Error(`a rule is about a field that is not there: ${rule.at.join('.')}`);
  return { ...schema, properties: { ...schema.properties, [name]: withRule(field, below, rule) } };
}
