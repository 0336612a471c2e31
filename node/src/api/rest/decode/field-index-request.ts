/** Bodies of payload index creation. */
import type { FieldType } from '../../../engine/addon.js';
import type { FieldIndexParams, FieldIndexSchema } from '../../../metadata/collection-config.js';
import { asText, defined, Fields, formatError, isPlainObject, notServed } from './fields.js';

const served: readonly FieldType[] = ['keyword', 'integer', 'float', 'bool', 'uuid'];
const ofTheOriginal: readonly string[] = ['geo', 'text', 'datetime'];

function fieldType(name: string, path: string): FieldType {
  const type = served.find((known) => known === name);
  if (type !== undefined) return type;
  if (ofTheOriginal.includes(name)) throw notServed(`${path}: a payload index of type ${name}`);
  throw formatError(path, `unknown variant \`${name.slice(0, 40)}\`, expected one of ${served.join(', ')}`);
}

function schemaParams(fields: Fields): FieldIndexParams {
  fields.refuse('memory');
  return defined({
    isTenant: fields.bool('is_tenant'),
    isPrincipal: fields.bool('is_principal'),
    onDisk: fields.bool('on_disk'),
    lookup: fields.bool('lookup'),
    range: fields.bool('range'),
    enableHnsw: fields.bool('enable_hnsw'),
  });
}

export function decodeFieldIndex(value: unknown): FieldIndexSchema {
  const fields = Fields.of(value);
  const path = asText(fields.required('field_name'), 'field_name');
  // `field_type` is the older name of the same field.
  const name = fields.has('field_schema') ? 'field_schema' : 'field_type';
  const schema = fields.get(name);
  if (schema === undefined) throw formatError('', 'missing field `field_schema`');
  if (!isPlainObject(schema)) return { path, type: fieldType(asText(schema, name), name), params: null };
  const params = Fields.of(schema, name);
  const type = fieldType(asText(params.required('type'), params.at('type')), params.at('type'));
  return { path, type, params: schemaParams(params) };
}
