/** Waiting for the replica of another peer to be reached and open. */
import type { PeerId } from '../metadata/peer-id.js';
import type { ReplicaClock } from '../replica/replica-clock.js';
import { ReplicaRefused, type RemoteReplicas, type ShardTarget } from '../replica/remote-replicas.js';
import { orEnded, pauseOrEnded } from './task-end.js';

export interface AwaitReplicaOptions {
  readonly remote: Pick<RemoteReplicas, 'rangeDigest'>;
  readonly clock: ReplicaClock;
  readonly signal: AbortSignal;
  readonly target: () => ShardTarget;
  /** How long the peer may give no answer. */
  readonly unreachableMs: number;
  /** How long a peer that answers may need to open its shard. */
  readonly openingMs: number;
}

export type AwaitedReplica = { readonly kind: 'ready' } | { readonly kind: 'away'; readonly reason: string };

const firstPauseMs = 20;
const longestPauseMs = 500;

export async function awaitReplica(peer: PeerId, options: AwaitReplicaOptions): Promise<AwaitedReplica> {
  const { remote, clock, signal, target, unreachableMs, openingMs } = options;
  const startedMs = clock.now();
  let answeredMs = startedMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    let reason: string;
    try {
      // The digest of one point costs nothing, and is answered by whoever would take a range.
      const asked = remote.rangeDigest(peer, target(), { after: null, to: null, limit: 1 }, unreachableMs);
      await orEnded(signal, asked);
      return { kind: 'ready' };
    } catch (error) {
      if (signal.aborted) throw error;
      reason = error instanceof Error ? error.message : String(error);
      if (error instanceof ReplicaRefused) answeredMs = clock.now();
    }
    const nowMs = clock.now();
    if (nowMs - answeredMs >= unreachableMs || nowMs - startedMs >= openingMs) return { kind: 'away', reason };
    await pauseOrEnded(clock, signal, pauseMs);
  }
}
