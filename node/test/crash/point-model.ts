/**
 * What a writer's points must be, by the requests that it sent. Every step is a pure function of the
 * points before, and doing a step twice is the same as doing it once.
 */
export interface SparseVector {
  readonly indices: readonly number[];
  readonly values: readonly number[];
}

export interface Vectors {
  readonly dense?: readonly number[];
  readonly half?: readonly number[];
  readonly bytes?: readonly number[];
  readonly multi?: readonly (readonly number[])[];
  readonly sparse?: SparseVector;
}

export type VectorName = keyof Vectors;

export const vectorNames: readonly VectorName[] = ['dense', 'half', 'bytes', 'multi', 'sparse'];

export type PayloadValue = string | number | bigint | boolean | null | readonly PayloadValue[];
export type Payload = Readonly<Record<string, PayloadValue>>;

/** A u64 or a UUID. */
export type Id = number | string;

export interface Point {
  readonly vectors: Vectors;
  readonly payload: Payload;
}

export type Points = ReadonlyMap<Id, Point>;

export type Selector =
  | { readonly by: 'ids'; readonly ids: readonly Id[] }
  | { readonly by: 'filter'; readonly owner: string; readonly bucket: number };

export type Step =
  | { readonly kind: 'upsert'; readonly points: readonly (Point & { readonly id: Id })[] }
  | { readonly kind: 'delete'; readonly selector: Selector }
  | { readonly kind: 'set_payload'; readonly selector: Selector; readonly payload: Payload }
  | { readonly kind: 'overwrite_payload'; readonly selector: Selector; readonly payload: Payload }
  | { readonly kind: 'delete_payload'; readonly selector: Selector; readonly keys: readonly string[] }
  | { readonly kind: 'clear_payload'; readonly selector: Selector }
  | { readonly kind: 'update_vectors'; readonly points: readonly { readonly id: Id; readonly vectors: Vectors }[] }
  | { readonly kind: 'delete_vectors'; readonly selector: Selector; readonly names: readonly VectorName[] };

function selected(points: Points, selector: Selector): readonly Id[] {
  switch (selector.by) {
    case 'ids':
      return selector.ids.filter((id) => points.has(id));
    case 'filter':
      return [...points]
        .filter(([, { payload }]) => payload['owner'] === selector.owner && payload['bucket'] === selector.bucket)
        .map(([id]) => id);
  }
}

function without<T extends object>(object: T, names: readonly string[]): T {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name))) as T;
}

function changeEach(points: Points, selector: Selector, change: (point: Point) => Point): Points {
  const next = new Map(points);
  for (const id of selected(points, selector)) {
    const point = points.get(id);
    if (point !== undefined) next.set(id, change(point));
  }
  return next;
}

export function afterStep(points: Points, step: Step): Points {
  switch (step.kind) {
    case 'upsert': {
      const next = new Map(points);
      for (const { id, vectors, payload } of step.points) next.set(id, { vectors, payload });
      return next;
    }
    case 'delete': {
      const next = new Map(points);
      for (const id of selected(points, step.selector)) next.delete(id);
      return next;
    }
    case 'set_payload':
      return changeEach(points, step.selector, (point) => ({
        ...point,
        payload: { ...point.payload, ...step.payload },
      }));
    case 'overwrite_payload':
      return changeEach(points, step.selector, (point) => ({ ...point, payload: step.payload }));
    case 'delete_payload':
      return changeEach(points, step.selector, (point) => ({ ...point, payload: without(point.payload, step.keys) }));
    case 'clear_payload':
      return changeEach(points, step.selector, (point) => ({ ...point, payload: {} }));
    case 'update_vectors': {
      const next = new Map(points);
      for (const { id, vectors } of step.points) {
        const point = next.get(id);
        if (point !== undefined) next.set(id, { ...point, vectors: { ...point.vectors, ...vectors } });
      }
      return next;
    }
    case 'delete_vectors':
      return changeEach(points, step.selector, (point) => ({ ...point, vectors: without(point.vectors, step.names) }));
  }
}

/** Equal for equal points, whatever the order of their keys. */
export function pointText(point: Point): string {
  return canonical({ payload: point.payload, vectors: point.vectors });
}

export function pointsText(points: Points): string {
  return [...points]
    .map(([id, point]) => `${id} ${pointText(point)}`)
    .sort()
    .join('\n');
}

function canonical(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`);
  return `{${entries.sort().join(',')}}`;
}
