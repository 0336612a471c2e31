/**
 * Whether the API server knows our QdrantCluster, or that of another product under the same name: we would misread
 * its resources. The definition itself may not be read with the rights of one namespace; its published schema may.
 */
import { z } from 'zod';
import { apiVersionName, kindName, type GroupNames } from '../api/group.js';
import { KubernetesError, type KubernetesApi } from '../k8s/kubernetes-api.js';

export interface CrdCheckInput {
  readonly kubernetes: Pick<KubernetesApi, 'list'>;
  readonly names: GroupNames;
  /** Undefined: all. */
  readonly namespace: string | undefined;
  /** The answer to a GET of a path of the API server, parsed. */
  readonly read: (path: string) => Promise<unknown>;
}

/** Null: all is well. Else why the operator cannot work, in a sentence. Throws what may pass. */
export async function crdProblem({ kubernetes, names, namespace, read }: CrdCheckInput): Promise<string | null> {
  try {
    await kubernetes.list('QdrantCluster', namespace === undefined ? {} : { namespace });
  } catch (error) {
    if (!(error instanceof KubernetesError)) throw error;
    if (error.kind === 'not-found') {
      return `The CustomResourceDefinition ${names.crdName} is not installed. Install it with the chart (crds.install), or apply the file ${names.crdName}.yaml of the folder crds.`;
    }
    if (error.kind === 'forbidden') {
      const where = namespace === undefined ? 'all namespaces' : `the namespace ${namespace}`;
      return `The operator may not list QdrantClusters in ${where}: ${error.message}. Check its Role, or --watch-namespaces.`;
    }
    throw error;
  }
  if (isForeign(await read(`/openapi/v3/apis/${names.apiVersion}`), names)) {
    return `The CustomResourceDefinition ${names.crdName} belongs to another product: its schema has no spec.operator. Start the operator with another --group.`;
  }
  return null;
}

const published = z.object({ components: z.object({ schemas: z.record(z.string(), z.unknown()) }) });
const clusterSchema = z.object({
  'x-kubernetes-group-version-kind': z.array(z.object({ group: z.string(), version: z.string(), kind: z.string() })),
  properties: z.object({ spec: z.object({ properties: z.record(z.string(), z.unknown()) }) }),
});

/** A schema that is not published (yet) proves nothing. */
function isForeign(document: unknown, names: GroupNames): boolean {
  const parsed = published.safeParse(document);
  if (!parsed.success) return false;
  for (const value of Object.values(parsed.data.components.schemas)) {
    const schema = clusterSchema.safeParse(value);
    if (!schema.success) continue;
    const isOurs = schema.data['x-kubernetes-group-version-kind'].some(
      ({ group, version, kind }) => group === names.group && version === apiVersionName && kind === kindName,
    );
    if (isOurs) return !Object.hasOwn(schema.data.properties.spec.properties, 'operator');
  }
  return false;
}
