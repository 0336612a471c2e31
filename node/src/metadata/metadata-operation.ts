/** Operations on the metadata. Each is complete in itself: all choices were made before it was proposed. */
import type { CollectionChange } from './collection-change.js';
import type { CollectionConfig, FieldIndexSchema } from './collection-config.js';

export type MetadataOperation =
  | { readonly kind: 'create-collection'; readonly name: string; readonly config: CollectionConfig }
  | { readonly kind: 'update-collection'; readonly name: string; readonly change: CollectionChange }
  | { readonly kind: 'delete-collection'; readonly name: string }
  | { readonly kind: 'create-field-index'; readonly collection: string; readonly index: FieldIndexSchema }
  | { readonly kind: 'delete-field-index'; readonly collection: string; readonly path: string };

/** Why an operation changed nothing. The same on every node, since it follows from the state alone. */
export type Rejection =
  | { readonly reason: 'collection-exists'; readonly name: string }
  | { readonly reason: 'no-such-collection'; readonly name: string }
  | { readonly reason: 'no-such-vector'; readonly name: string };

export interface Applied {
  readonly index: number;
  /** null: the operation took effect. */
  readonly rejection: Rejection | null;
}
