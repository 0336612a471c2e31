/**
 * Leaf schemas of the resource. What `meta` carries goes into the CustomResourceDefinition as it is. Texts and lists
 * have limits, because the API server refuses rules whose cost it cannot bound.
 */
import { z } from 'zod';

const preserveUnknown = { 'x-kubernetes-preserve-unknown-fields': true } as const;

export function text(description: string, maxLength = 253) {
  return z.string().max(maxLength).meta({ description });
}

export function flag(description: string) {
  return z.boolean().meta({ description });
}

export function count(description: string, minimum: number, maximum: number) {
  return z.int().min(minimum).max(maximum).meta({ description });
}

export function choice<const T extends readonly [string, ...string[]]>(description: string, values: T) {
  return z.enum(values).meta({ description });
}

/** A quantity of Kubernetes, such as 500m or 2Gi. That it is one is a rule, for the sake of its message. */
export function quantity(description: string) {
  return text(description, 32);
}

/** Such as 90s, 6m or 1h30m. That it is one is a rule, for the sake of its message. */
export function duration(description: string) {
  return text(description, 32);
}

export function textMap(description: string) {
  return z.record(z.string(), z.string().max(262_144)).meta({ description });
}

export function textList(description: string, maxItems: number, maxLength = 253) {
  return z.array(z.string().max(maxLength)).max(maxItems).meta({ description });
}

/** A mapping whose unknown fields are kept, and named in the condition UnsupportedField. */
export function section<T extends z.ZodRawShape>(description: string, shape: T) {
  return z.looseObject(shape).meta({ description, ...preserveUnknown });
}

/** An integer, or a share such as 25%. */
export function intOrPercent(description: string) {
  return z.union([z.int(), z.string().max(16)]).meta({ description, 'x-kubernetes-int-or-string': true });
}

/**
 * A type of Kubernetes' own. Only what it cannot be without is checked here; Kubernetes checks the rest when the
 * object that it becomes a part of is applied. So the schema stays small and knows fields that are yet to come.
 */
export function coreType<T>(required: z.ZodRawShape) {
  const shape = z.looseObject(required);
  const { properties, required: names } = z.toJSONSchema(shape, { target: 'openapi-3.0', io: 'input' });
  return z
    .custom<T>((value) => shape.safeParse(value).success, {
      error: `must have ${Object.keys(required).join(', ')}`,
    })
    .meta({
      type: 'object',
      ...(names === undefined ? {} : { properties, required: names }),
      ...preserveUnknown,
    });
}

export function coreList<T>(description: string, maxItems: number, required: z.ZodRawShape) {
  return z.array(coreType<T>(required)).max(maxItems).meta({ description });
}

/** A key of a Secret in the cluster's namespace. */
export function secretKey(description: string) {
  return section(description, {
    secretKeyRef: z
      .looseObject({
        name: text('Name of the Secret, in the namespace of the cluster.'),
        key: text('Key in the Secret.'),
        optional: flag('Start also when the Secret or the key is missing.').exactOptional(),
      })
      .meta({ description: 'The Secret and the key in it.', ...preserveUnknown }),
  });
}
