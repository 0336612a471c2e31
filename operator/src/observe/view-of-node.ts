/** One node's own view of the cluster: every answer of it, or why there is none. */
import { QdrantError, type CollectionView, type QdrantNode } from '../qdrant/qdrant-api.js';
import { inParallel } from './in-parallel.js';
import type { NodeView } from './observation.js';

/** A node with a thousand collections is asked for long, and not hard. */
const requestsAtATime = 4;

/** More than this is no cluster that could be looked at in a pass, and no answer is worth that much memory. */
const collectionsMax = 10_000;

export interface AskedPod {
  readonly pod: string;
  readonly podUid: string;
}

/** `inTime` fails what takes longer than the pass has. */
export async function viewOfNode(
  { pod, podUid }: AskedPod,
  node: QdrantNode,
  inTime: <T>(call: Promise<T>) => Promise<T>,
): Promise<NodeView> {
  try {
    // Before anything else: a pod that waits for its grant answers nothing, and is asked no more.
    const cluster = await inTime(node.cluster());
    if (cluster === null) {
      return { kind: 'unreachable', pod, podUid, why: 'It runs without a cluster', accessRefused: false };
    }
    const [ready, version, collections] = await Promise.all([
      inTime(node.ready()),
      inTime(node.version()),
      collectionsOf(node, inTime),
    ]);
    return { kind: 'answered', pod, podUid, ready, version, cluster, collections };
  } catch (error) {
    if (!(error instanceof QdrantError)) throw error;
    const accessRefused = error.kind === 'unauthorized' || error.kind === 'untrusted';
    return { kind: 'unreachable', pod, podUid, why: `${error.kind}: ${error.message}`, accessRefused };
  }
}

async function collectionsOf(
  node: QdrantNode,
  inTime: <T>(call: Promise<T>) => Promise<T>,
): Promise<readonly CollectionView[] | null> {
  try {
    const names = await inTime(node.collections());
    if (names.length > collectionsMax) return null;
    const found = await inParallel(names, requestsAtATime, (name) => inTime(node.collection(name)));
    // Deleted between the list and the question.
    return found.filter((collection) => collection !== null);
  } catch (error) {
    if (error instanceof QdrantError) return null;
    throw error;
  }
}
