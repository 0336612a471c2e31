/** How a node that has no state asks to be let into a cluster. */
import { setTimeout as pause } from 'node:timers/promises';
import type { AddPeerRequest, RaftTransport } from './raft-transport.js';
import type { JoinedCluster } from './peer-identity.js';

const retryMs = 500;

/** The cluster will not have this node. Its process ends with an exit code of its own, for supervisors to see. */
export class JoinRefusedError extends Error {
  override readonly name = 'JoinRefusedError';
}

/** Nobody let this node in within the time for it. */
export class JoinFailedError extends Error {
  override readonly name = 'JoinFailedError';
}

export interface JoinOptions {
  /** Asked in turn. */
  readonly uris: readonly string[];
  readonly request: AddPeerRequest;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export async function joinCluster(
  transport: Pick<RaftTransport, 'addPeer'>,
  { uris, request, timeoutMs, signal }: JoinOptions,
): Promise<JoinedCluster> {
  const deadline = performance.now() + timeoutMs;
  let reason = 'there is no address of a peer to ask';
  for (let attempt = 0; ; attempt += 1) {
    const uri = uris[attempt % Math.max(1, uris.length)];
    const leftMs = deadline - performance.now();
    if (uri === undefined || leftMs <= 0) break;
    try {
      const answer = await transport.addPeer(uri, request, leftMs);
      switch (answer.kind) {
        case 'added':
          return { cluster: answer.cluster, peers: answer.peers };
        case 'refused':
          throw new JoinRefusedError(`The cluster at ${uri} does not let this node in: ${answer.message}.`);
        case 'failed':
          reason = `${uri}: ${answer.message}`;
      }
    } catch (error) {
      if (error instanceof JoinRefusedError) throw error;
      reason = `${uri}: ${error instanceof Error ? error.message : String(error)}`;
    }
    await pause(Math.min(retryMs, Math.max(0, deadline - performance.now())), undefined, { signal });
  }
  throw new JoinFailedError(`This node could not join a cluster within ${timeoutMs} ms: ${reason}.`);
}
