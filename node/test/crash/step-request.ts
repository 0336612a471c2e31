/** The REST requests of the steps. */
import { stringify } from 'lossless-json';
import type { Selector, Step } from './point-model.js';

function selectorFields(selector: Selector): object {
  switch (selector.by) {
    case 'ids':
      return { points: selector.ids };
    case 'filter':
      return {
        filter: {
          must: [
            { key: 'owner', match: { value: selector.owner } },
            { key: 'bucket', match: { value: selector.bucket } },
          ],
        },
      };
  }
}

function bodyOf(step: Step): object {
  switch (step.kind) {
    case 'upsert':
      return { points: step.points.map(({ id, vectors, payload }) => ({ id, vector: vectors, payload })) };
    case 'update_vectors':
      return { points: step.points.map(({ id, vectors }) => ({ id, vector: vectors })) };
    case 'delete':
    case 'clear_payload':
      return selectorFields(step.selector);
    case 'set_payload':
    case 'overwrite_payload':
      return { ...selectorFields(step.selector), payload: step.payload };
    case 'delete_payload':
      return { ...selectorFields(step.selector), keys: step.keys };
    case 'delete_vectors':
      return { ...selectorFields(step.selector), vector: step.names };
  }
}

const routes: Readonly<Record<Step['kind'], readonly [method: string, path: string]>> = {
  upsert: ['PUT', ''],
  delete: ['POST', '/delete'],
  set_payload: ['POST', '/payload'],
  overwrite_payload: ['PUT', '/payload'],
  delete_payload: ['POST', '/payload/delete'],
  clear_payload: ['POST', '/payload/clear'],
  update_vectors: ['PUT', '/vectors'],
  delete_vectors: ['POST', '/vectors/delete'],
};

export interface WriteRequest {
  readonly method: string;
  /** Below `/collections/{name}/points`. */
  readonly path: string;
  readonly body: string;
}

/** One step in a request of its own; several in a batch, that are logged one after the other. */
export function requestOf(steps: readonly Step[]): WriteRequest {
  const [only] = steps;
  if (only !== undefined && steps.length === 1) {
    const [method, path] = routes[only.kind];
    return { method, path, body: text(bodyOf(only)) };
  }
  const operations = steps.map((step) => ({ [step.kind]: bodyOf(step) }));
  return { method: 'POST', path: '/batch', body: text({ operations }) };
}

function text(body: object): string {
  const json = stringify(body);
  if (json === undefined) throw new Error('a request has a body');
  return json;
}
