/** Payload indexes: what a request asks for, and what the schema of a collection shows. */
import type { FieldType as EngineFieldType } from '../../../engine/addon.js';
import type { FieldIndexParams, FieldIndexSchema } from '../../../metadata/collection-config.js';
import { PayloadSchemaType, type PayloadIndexParams, type PayloadSchemaInfo } from '../generated/collections.js';
import { FieldType, type CreateFieldIndexCollection } from '../generated/points.js';
import { defined, invalid, missing, notServed, unknownVariant } from './field-values.js';

export function fieldIndexSchema(message: CreateFieldIndexCollection): FieldIndexSchema {
  const path = message.fieldName;
  const named = message.fieldType === undefined ? null : fieldType(message.fieldType);
  if (message.fieldIndexParams === undefined) {
    if (named === null) throw missing('field_type');
    return { path, type: named, params: null };
  }
  const { type, params } = indexParams(message.fieldIndexParams);
  if (named !== null && named !== type) {
    throw invalid('field_index_params', `parameters of a ${type} index for a field of type ${named}`);
  }
  return { path, type, params };
}

function fieldType(type: FieldType): EngineFieldType {
  switch (type) {
    case FieldType.FieldTypeKeyword:
      return 'keyword';
    case FieldType.FieldTypeInteger:
      return 'integer';
    case FieldType.FieldTypeFloat:
      return 'float';
    case FieldType.FieldTypeBool:
      return 'bool';
    case FieldType.FieldTypeUuid:
      return 'uuid';
    case FieldType.FieldTypeGeo:
      throw notServed('field_type: a payload index of type geo');
    case FieldType.FieldTypeText:
      throw notServed('field_type: a payload index of type text');
    case FieldType.FieldTypeDatetime:
      throw notServed('field_type: a payload index of type datetime');
    case FieldType.UNRECOGNIZED:
    default:
      throw unknownVariant('field_type', type);
  }
}

function indexParams({ indexParams: variant }: PayloadIndexParams): {
  type: EngineFieldType;
  params: FieldIndexParams;
} {
  if (variant === undefined) throw missing('field_index_params');
  switch (variant.$case) {
    case 'keywordIndexParams':
      return { type: 'keyword', params: defined(variant.value) };
    case 'integerIndexParams':
      return { type: 'integer', params: defined(variant.value) };
    case 'floatIndexParams':
      return { type: 'float', params: defined(variant.value) };
    case 'boolIndexParams':
      return { type: 'bool', params: defined(variant.value) };
    case 'uuidIndexParams':
      return { type: 'uuid', params: defined(variant.value) };
    case 'geoIndexParams':
      throw notServed('field_index_params.geo_index_params');
    case 'textIndexParams':
      throw notServed('field_index_params.text_index_params');
    case 'datetimeIndexParams':
      throw notServed('field_index_params.datetime_index_params');
  }
}

export function payloadSchemaInfo(index: FieldIndexSchema & { readonly points: number }): PayloadSchemaInfo {
  return {
    dataType: schemaType(index.type),
    params: index.params === null ? undefined : indexParamsMessage(index.type, index.params),
    points: BigInt(index.points),
  };
}

function schemaType(type: EngineFieldType): PayloadSchemaType {
  switch (type) {
    case 'keyword':
      return PayloadSchemaType.Keyword;
    case 'integer':
      return PayloadSchemaType.Integer;
    case 'float':
      return PayloadSchemaType.Float;
    case 'bool':
      return PayloadSchemaType.Bool;
    case 'uuid':
      return PayloadSchemaType.Uuid;
  }
}

function indexParamsMessage(type: EngineFieldType, params: FieldIndexParams): PayloadIndexParams {
  const { isTenant, isPrincipal, onDisk, lookup, range, enableHnsw } = params;
  switch (type) {
    case 'keyword':
      return { indexParams: { $case: 'keywordIndexParams', value: { isTenant, onDisk, enableHnsw } } };
    case 'integer':
      return {
        indexParams: { $case: 'integerIndexParams', value: { lookup, range, isPrincipal, onDisk, enableHnsw } },
      };
    case 'float':
      return { indexParams: { $case: 'floatIndexParams', value: { isPrincipal, onDisk, enableHnsw } } };
    case 'bool':
      return { indexParams: { $case: 'boolIndexParams', value: { onDisk, enableHnsw } } };
    case 'uuid':
      return { indexParams: { $case: 'uuidIndexParams', value: { isTenant, onDisk, enableHnsw } } };
  }
}
