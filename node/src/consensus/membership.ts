/** How Raft's members follow the peers of the metadata: the next step of the leader, one change at a time. */
import type { MetadataState } from '../metadata/metadata-state.js';
import type { ConfChangeKind } from '../raft/conf-change.js';
import type { PeerId } from '../metadata/peer-id.js';
import type { RaftStatus } from '../raft/raft.js';

export interface MembershipStep {
  readonly kind: ConfChangeKind;
  readonly peer: PeerId;
}

/** A learner this close to the end of the log has caught up: what is missing is on its way to it. */
const caughtUpEntries = 64;

/**
 * Null when the members are what the metadata says, or nothing can be done about it now. Members that were
 * removed go first, for a dead voter weighs on every majority; the leader itself goes last, when others can
 * take over. A removed peer that still answers is told of its removal by the log before it loses its membership.
 */
export function nextMembershipStep(
  metadata: Pick<MetadataState, 'peers'>,
  status: Pick<RaftStatus, 'id' | 'confState' | 'progress' | 'commit' | 'lastIndex'>,
): MembershipStep | null {
  const { id, confState, progress } = status;
  const peers = new Map([...metadata.peers].filter(([, { suspended }]) => suspended !== true));
  const { voters, learners } = confState;
  const members = [...voters, ...learners];
  const told = (peer: PeerId): boolean => {
    const follower = progress.find((other) => other.peer === peer);
    return follower === undefined || !follower.recentlyActive || follower.match >= status.commit;
  };
  const gone = members.find((peer) => peer !== id && !peers.has(peer) && told(peer));
  if (gone !== undefined) return { kind: 'remove', peer: gone };
  const missing = [...peers.keys()].find((peer) => !members.includes(peer));
  if (missing !== undefined) return { kind: 'add-learner', peer: missing };
  const ready = progress.find(
    (follower) =>
      follower.learner &&
      peers.has(follower.peer) &&
      follower.recentlyActive &&
      follower.state === 'replicate' &&
      follower.match + caughtUpEntries >= status.lastIndex,
  );
  if (ready !== undefined) return { kind: 'promote', peer: ready.peer };
  const heirs = voters.some((peer) => peer !== id && peers.has(peer));
  return !peers.has(id) && heirs ? { kind: 'remove', peer: id } : null;
}
