/** `with_payload` and `with_vector`. */
import type { PayloadSelector, VectorSelector } from '../../../payload/selectors.js';
import { asText, expected, Fields } from './fields.js';

function texts(value: unknown, path: string): readonly string[] {
  if (!Array.isArray(value)) throw expected(path, 'a list of strings', value);
  return value.map((element, index) => asText(element, `${path}[${index}]`));
}

export function payloadSelector(value: unknown, path: string): PayloadSelector {
  if (typeof value === 'boolean') return { mode: value ? 'all' : 'none' };
  if (Array.isArray(value)) return { mode: 'include', paths: texts(value, path) };
  const fields = Fields.of(value, path);
  const include = fields.read('include', texts);
  if (include !== undefined) return { mode: 'include', paths: include };
  const exclude = fields.read('exclude', texts);
  if (exclude !== undefined) return { mode: 'exclude', paths: exclude };
  throw expected(path, 'true, false, a list of keys, `include` or `exclude`', value);
}

export function vectorSelector(value: unknown, path: string): VectorSelector {
  if (typeof value === 'boolean') return { mode: value ? 'all' : 'none' };
  if (typeof value === 'string') return { mode: 'include', names: [value] };
  return { mode: 'include', names: texts(value, path) };
}
