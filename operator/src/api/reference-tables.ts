/** The tables of the reference page of the resource, made from the same schema as everything else. */
import { resourceSchema, type StructuralSchema } from './crd.js';
import { specDefaults } from './spec-defaults.js';
import { inertFields } from './unsupported-fields.js';

export interface FieldRow {
  /** Such as `pauses[].owner`, below spec or status. */
  readonly path: string;
  readonly type: string;
  readonly description: string;
  readonly required: boolean;
}

/** Fields that have a description of ours: what is below them without one is Kubernetes' own. */
export function fieldRows(root: 'spec' | 'status'): FieldRow[] {
  return rowsBelow(resourceSchema().properties?.[root] ?? {}, '');
}

function specTable(): string {
  const rows = fieldRows('spec').map((row) => {
    const given = row.required ? 'required' : defaultOf(row.path);
    return `| \`${row.path}\` | ${row.type} | ${given} | ${actedOn(row.path)} | ${row.description} |`;
  });
  return ['| field | type | default | acted on | meaning |', '|---|---|---|---|---|', ...rows].join('\n');
}

function statusTable(): string {
  const rows = fieldRows('status').map((row) => `| \`${row.path}\` | ${row.type} | ${row.description} |`);
  return ['| field | type | meaning |', '|---|---|---|', ...rows].join('\n');
}

/** The page with its tables replaced; each stands between two comments with its name. */
export function withTables(page: string): string {
  return [
    ['spec', specTable()],
    ['status', statusTable()],
  ].reduce((text, [name, table]) => {
    const [begin, end] = [`<!-- ${name} fields -->`, `<!-- end of ${name} fields -->`];
    const [before, rest] = splitOnce(text, begin);
    return `${before}${begin}\n${table}\n${end}${splitOnce(rest, end)[1]}`;
  }, page);
}

function splitOnce(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  if (at === -1) throw new Error(`the page has no ${mark}`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}

function rowsBelow(schema: StructuralSchema, prefix: string): FieldRow[] {
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const { description } = field;
    if (typeof description !== 'string') return [];
    const path = `${prefix}${name}`;
    return [
      { path, type: typeOf(field), description, required: required.includes(name) },
      ...rowsBelow(field, `${path}.`),
      ...rowsBelow(field.items ?? {}, `${path}[].`),
      ...rowsBelow(field.additionalProperties ?? {}, `${path}.*.`),
    ];
  });
}

function typeOf(schema: StructuralSchema): string {
  if (schema['x-kubernetes-int-or-string'] === true) return 'integer or share';
  const values: unknown = schema['enum'];
  if (Array.isArray(values))
    return values.map((value: unknown) => `\`${JSON.stringify(value).slice(1, -1)}\``).join(', ');
  const type = typeof schema['type'] === 'string' ? schema['type'] : 'object';
  if (type === 'array') return `list of ${typeOf(schema.items ?? {})}s`;
  if (schema.additionalProperties !== undefined) return `map of ${typeOf(schema.additionalProperties)}s`;
  const { minimum, maximum } = schema;
  if (typeof minimum === 'number')
    return `${type}, ${minimum}${typeof maximum === 'number' ? ` to ${maximum}` : ' or more'}`;
  return type;
}

function defaultOf(path: string): string {
  const value = path
    .split('.')
    .reduce<unknown>(
      (inner, name) =>
        typeof inner === 'object' && inner !== null
          ? new Map<string, unknown>(Object.entries(inner)).get(name)
          : undefined,
      specDefaults,
    );
  return value === undefined || typeof value === 'object' ? '' : `\`${JSON.stringify(value).replaceAll('"', '')}\``;
}

function actedOn(path: string): string {
  const field = path.replaceAll('[]', '');
  const inert = inertFields.find((one) => field === one.path || field.startsWith(`${one.path}.`));
  if (inert === undefined) return inertFields.some((one) => one.path.startsWith(`${field}.`)) ? 'in part' : 'yes';
  // False, an empty list and the like ask for nothing at all; other values are some that are acted on.
  const served = (inert.asksNothing ?? []).filter(
    (value): value is string | number => typeof value === 'string' || typeof value === 'number',
  );
  const answer = served.length === 0 ? 'no' : `only ${served.map((value) => `\`${value}\``).join(' and ')}`;
  return inert.instead === undefined ? answer : `${answer}: ${inert.instead}`;
}
