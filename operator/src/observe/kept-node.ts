/** What is kept of Kubernetes' nodes: whole ones list all images that they have, and there may be thousands of them. */
import type { V1Node } from '@kubernetes/client-node';
import { zoneLabel } from '../build/labels.js';

export function keptNode({ metadata, status }: V1Node): V1Node {
  const { name, uid, resourceVersion, deletionTimestamp, labels } = metadata ?? {};
  const zone = labels?.[zoneLabel];
  return {
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(uid === undefined ? {} : { uid }),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      ...(zone === undefined ? {} : { labels: { [zoneLabel]: zone } }),
    },
    status: {
      conditions: (status?.conditions ?? [])
        .filter(({ type }) => type === 'Ready')
        .map(({ type, status: is }) => ({ type, status: is })),
    },
  };
}
