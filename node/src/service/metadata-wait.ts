import type { Consensus } from '../consensus/consensus.js';
import type { MetadataState } from '../metadata/metadata-state.js';

/** Resolves to true when the metadata of this node fulfils the condition, and to false when it takes too long. */
export function metadataFulfils(
  consensus: Consensus,
  condition: (state: MetadataState) => boolean,
  timeoutMs: number,
): Promise<boolean> {
  if (condition(consensus.state)) return Promise.resolve(true);
  return new Promise((resolve) => {
    const end = (fulfilled: boolean): void => {
      clearTimeout(timer);
      unsubscribe();
      resolve(fulfilled);
    };
    const timer = setTimeout(() => end(false), timeoutMs);
    const unsubscribe = consensus.subscribe((state) => {
      if (condition(state)) end(true);
    });
  });
}
