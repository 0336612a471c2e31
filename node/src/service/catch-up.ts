/**
 * When a node that starts has caught up with its cluster: it knows what most of the others know, and those of
 * its replicas that were not in order when it found that are in order. What breaks later does not count: a
 * node that served once is not taken away from its clients because a replica of it is being recovered.
 */
import type { Consensus } from '../consensus/consensus.js';
import { replicaOn, type MetadataState } from '../metadata/metadata-state.js';
import type { PeerId } from '../metadata/peer-id.js';
import { isHealthy } from '../metadata/replica-state.js';
import { metadataFulfils } from './metadata-wait.js';

export interface CatchUpOptions {
  readonly consensus: Consensus;
  /** What the other peers that answer have committed. */
  readonly commitIndexes: () => Promise<ReadonlyMap<PeerId, number>>;
  readonly pause: () => Promise<void>;
  /** True: nobody waits for the answer any more. */
  readonly stopped: () => boolean;
}

/** How long the metadata is waited for before the others are asked again whether the node was stopped. */
const stepMs = 500;

export async function catchUp(options: CatchUpOptions): Promise<void> {
  await catchUpWithCommits(options);
  const { consensus, stopped } = options;
  const unhealthy = unhealthyReplicas(consensus.state, consensus.self);
  const recovered = (state: MetadataState): boolean => {
    const still = unhealthyReplicas(state, consensus.self);
    return [...unhealthy].every((replica) => !still.has(replica));
  };
  while (!stopped() && !(await metadataFulfils(consensus, recovered, stepMs)));
}

/** Until the others know nothing newer than what this node had reached when they were asked. */
async function catchUpWithCommits({ consensus, commitIndexes, pause, stopped }: CatchUpOptions): Promise<void> {
  let target: number | null = null;
  while (!stopped()) {
    const members = consensus.state.peers.size;
    if (members <= 1) return;
    const commits = await commitIndexes();
    // Together with this node they are a majority, or half of an even number.
    if (commits.size >= Math.floor(members / 2)) {
      const highest = Math.max(...commits.values());
      if (target !== null && highest <= target) return;
      target = highest;
      const reached = (state: MetadataState): boolean => state.appliedIndex >= highest;
      while (!stopped() && !(await metadataFulfils(consensus, reached, stepMs)));
    }
    await pause();
  }
}

function unhealthyReplicas({ collections }: MetadataState, self: PeerId): ReadonlySet<string> {
  const found = new Set<string>();
  for (const { id, shards } of collections.values()) {
    for (const shard of shards) {
      const own = replicaOn(shard, self);
      if (own !== null && !isHealthy(own.state)) found.add(`${id}/${shard.id}`);
    }
  }
  return found;
}
