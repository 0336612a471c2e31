/** Names a node within its cluster, for good: drawn at random once, never given to another node. */
export type PeerId = number;

/** Ids are JSON numbers in Qdrant's API, so they stay within what every reader of JSON keeps exact. */
export const peerIdMax = Number.MAX_SAFE_INTEGER;

export function isPeerId(value: unknown): value is PeerId {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1;
}
