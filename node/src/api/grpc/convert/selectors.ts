/** Which parts of a payload, and which vectors, an answer holds. */
import type { PayloadSelector, VectorSelector } from '../../../payload/selectors.js';
import type { WithPayloadSelector, WithVectorsSelector } from '../generated/points.js';
import { missing } from './field-values.js';

/** `unset` is what a request without the field means: reads by id return payloads, reads by score don't. */
export function withPayload(message: WithPayloadSelector | undefined, unset: 'all' | 'none'): PayloadSelector {
  if (message === undefined) return { mode: unset };
  const { selectorOptions } = message;
  if (selectorOptions === undefined) throw missing('with_payload');
  switch (selectorOptions.$case) {
    case 'enable':
      return { mode: selectorOptions.value ? 'all' : 'none' };
    case 'include':
      return { mode: 'include', paths: selectorOptions.value.fields };
    case 'exclude':
      return { mode: 'exclude', paths: selectorOptions.value.fields };
  }
}

export function withVectors(message: WithVectorsSelector | undefined): VectorSelector {
  if (message === undefined) return { mode: 'none' };
  const { selectorOptions } = message;
  if (selectorOptions === undefined) throw missing('with_vectors');
  switch (selectorOptions.$case) {
    case 'enable':
      return { mode: selectorOptions.value ? 'all' : 'none' };
    case 'include':
      return { mode: 'include', names: selectorOptions.value.names };
  }
}
