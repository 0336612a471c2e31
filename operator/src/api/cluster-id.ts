/** The id of a cluster, from which the names of its objects come. */

const prefix = 'qdrant-';

/** Of the value of a label, by Kubernetes. */
export const maxLabelLength = 63;

/**
 * The longest id: the set is called `qdrant-<id>`, and Kubernetes puts that with eleven more characters into a label
 * of its pods, which may have 63.
 */
export const maxIdLength = 45;
export const idPattern = '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$';

export function clusterIdOf(name: string, spec: { readonly id?: string }): string {
  return spec.id ?? (name.startsWith(prefix) ? name.slice(prefix.length) : name);
}

export function isClusterId(id: string): boolean {
  return id.length <= maxIdLength && new RegExp(idPattern).test(id);
}
