/**
 * Who belongs to the cluster, who leads it and whether it can decide anything, out of what every node says of itself.
 * A peer that was removed believes to be alone, and one that is cut off repeats what was true once: so only views with
 * working consensus count, and only those of peers that the leader's view names.
 */
import { podAt, volumeAt, type NodeView, type Observation, type ObservedPod } from '../observe/observation.js';
import type { WantedCluster } from '../observe/wanted-cluster.js';
import type { PeerId } from '../qdrant/qdrant-api.js';
import type { Peer, Quorum } from './assessment.js';

export type AnsweredView = Extract<NodeView, { kind: 'answered' }>;

const removalAttempts = 3;
const removalPauseMs = 10 * 60_000;

export interface Membership {
  readonly twoClusters: string | null;
  readonly peers: readonly Peer[];
  readonly leader: PeerId | null;
  /** The members' own views, with working consensus. */
  readonly views: readonly AnsweredView[];
  /** Members that vote, or of which nobody can say that they do not. */
  readonly voters: ReadonlySet<PeerId>;
  /** How many of the voters are a majority. */
  readonly majority: number;
  readonly quorum: Omit<Quorum, 'beyondReturn'>;
}

export function membersOf(observation: Observation): Membership {
  const working = answersOf(observation).filter((view) => view.cluster.raft.consensusWorks);
  const groups = groupsOf(working);
  const led = groups.filter(isLed);
  const group = mainGroup(led.length > 0 ? led : groups, claimedPeer(observation));
  const leaderView = leaderOf(group);
  const members = (leaderView ?? newest(group))?.cluster.peers ?? new Map<PeerId, string>();
  const views = group.filter((view) => members.has(view.cluster.peerId));
  const observers = new Set(views.filter((view) => !view.cluster.raft.isVoter).map((view) => view.cluster.peerId));
  const halfJoined = halfJoinedPeer(observation, members, views, leaderView);
  const voters = new Set([...members.keys()].filter((peer) => !observers.has(peer) && peer !== halfJoined));
  const peers = peersOf(observation, members, views);
  const quorum = quorumOf(observation, { members, views, voters, peers, leaderView });
  return {
    twoClusters: led.length > 1 ? describeGroups(led) : null,
    peers,
    leader: quorum.available || quorum.settling ? (leaderView?.cluster.peerId ?? null) : null,
    views,
    voters,
    majority: majorityOf(voters.size),
    quorum,
  };
}

/** What pods that still exist answered; an answer of a pod that was replaced meanwhile says nothing. */
export function answersOf(observation: Observation): readonly AnsweredView[] {
  const uids = new Set(observation.pods.map((pod) => pod.uid));
  return observation.views.filter((view): view is AnsweredView => view.kind === 'answered' && uids.has(view.podUid));
}

/** The ordinal of the pod that an address between peers names; null when it is no address of this set. */
export function ordinalOfUri(wanted: WantedCluster, uri: string): number | null {
  const host = /^https?:\/\/([^/:]+):6335\/?$/.exec(uri)?.[1];
  const [pod, ...domain] = host?.split('.') ?? [];
  if (pod === undefined || domain.join('.') !== wanted.headlessService) return null;
  if (!pod.startsWith(`${wanted.setName}-`)) return null;
  const ordinal = pod.slice(wanted.setName.length + 1);
  return /^(0|[1-9]\d{0,4})$/.test(ordinal) ? Number(ordinal) : null;
}

function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

function claimedPeer(observation: Observation): PeerId | null {
  return observation.claimInStatus?.peer ?? observation.claimInRecord?.peer ?? null;
}

/** Views that name a common peer are of one cluster, however old one of them is. */
function groupsOf(views: readonly AnsweredView[]): readonly (readonly AnsweredView[])[] {
  let groups: { readonly ids: Set<PeerId>; readonly views: AnsweredView[] }[] = [];
  for (const view of views) {
    const ids = new Set([view.cluster.peerId, ...view.cluster.peers.keys()]);
    const joined = { ids, views: [view] };
    const apart: typeof groups = [];
    for (const group of groups) {
      if (![...group.ids].some((id) => ids.has(id))) apart.push(group);
      else {
        for (const id of group.ids) ids.add(id);
        joined.views.unshift(...group.views);
      }
    }
    groups = [...apart, joined];
  }
  return groups.map((group) => group.views);
}

/** A peer that is still joining may know nobody yet; only one with a leader among its members is a cluster. */
function isLed(views: readonly AnsweredView[]): boolean {
  return views.some(({ cluster }) => cluster.raft.leader !== null && cluster.peers.has(cluster.raft.leader));
}

function mainGroup(groups: readonly (readonly AnsweredView[])[], firstPeer: PeerId | null): readonly AnsweredView[] {
  const known = (views: readonly AnsweredView[]): number =>
    firstPeer !== null && views.some((view) => view.cluster.peers.has(firstPeer)) ? 1 : 0;
  const sorted = groups.toSorted((a, b) => known(b) - known(a) || b.length - a.length);
  return sorted[0] ?? [];
}

function newest(views: readonly AnsweredView[]): AnsweredView | null {
  const sorted = views.toSorted(
    ({ cluster: { raft: a } }, { cluster: { raft: b } }) => b.term - a.term || b.commit - a.commit,
  );
  return sorted[0] ?? null;
}

/** The one that says so itself; of two, the one that was elected later. */
function leaderOf(views: readonly AnsweredView[]): AnsweredView | null {
  return newest(
    views.filter(
      ({ cluster }) =>
        cluster.raft.leader === cluster.peerId && cluster.raft.isVoter && cluster.peers.has(cluster.peerId),
    ),
  );
}

function peersOf(
  observation: Observation,
  members: ReadonlyMap<PeerId, string>,
  views: readonly AnsweredView[],
): readonly Peer[] {
  const podsByUid = new Map(observation.pods.map((pod) => [pod.uid, pod]));
  const viewsByPeer = new Map(views.map((view) => [view.cluster.peerId, view]));
  const peers = [...members].map(([id, uri]): Peer => {
    const view = viewsByPeer.get(id);
    const raft = view?.cluster.raft;
    return {
      id,
      uri,
      ordinal: ordinalOfUri(observation.wanted, uri),
      pod: view === undefined ? null : (podsByUid.get(view.podUid) ?? null),
      voter: raft?.isVoter ?? null,
      consensusWorks: raft?.consensusWorks ?? null,
      commit: raft?.commit ?? null,
    };
  });
  return peers.toSorted((a, b) => (a.ordinal ?? Infinity) - (b.ordinal ?? Infinity) || (a.id < b.id ? -1 : 1));
}

interface Electorate {
  readonly members: ReadonlyMap<PeerId, string>;
  readonly views: readonly AnsweredView[];
  readonly voters: ReadonlySet<PeerId>;
  readonly peers: readonly Peer[];
  readonly leaderView: AnsweredView | null;
}

function quorumOf(observation: Observation, electorate: Electorate): Membership['quorum'] {
  const { members, views, voters, peers, leaderView } = electorate;
  if (members.size === 0) return { available: false, settling: false, why: 'No pod answers as a peer.' };
  const needed = majorityOf(voters.size);
  const silent = peers.filter((peer) => peer.pod === null).map((peer) => nameOf(observation, peer));
  const missing = silent.length === 0 ? '' : ` No answer as a peer from ${silent.join(', ')}.`;
  if (leaderView === null) {
    const answering = views.filter((view) => view.cluster.raft.isVoter).length;
    const why = `${answering} of ${voters.size} voters answer, ${needed} are needed, and none leads.${missing}`;
    return { available: false, settling: false, why };
  }
  const following = views.filter(
    ({ cluster: { raft } }) => raft.isVoter && raft.leader === leaderView.cluster.peerId && raft.consensusWorks,
  );
  const agreeing = following.filter((view) => sameKeys(view.cluster.peers, members));
  if (agreeing.length >= needed) {
    return { available: true, settling: false, why: `${agreeing.length} of ${voters.size} voters agree.${missing}` };
  }
  if (following.length >= needed) {
    return { available: false, settling: true, why: 'The voters do not name the same members yet.' };
  }
  const settling = following.length >= majorityOf(voters.size - newAndSilent(observation, peers));
  const why = `${following.length} of ${voters.size} voters follow the leader, and ${needed} are needed.${missing}`;
  return { available: false, settling, why };
}

/**
 * A peer that was let in, and whose pod was replaced before it had learned anything: it never voted, and the others
 * can remove it. One that did vote and lost its volume looks the same when it has no shards; removing that one needs a
 * majority that counts it, so it is told by attempts that failed. Pods are let in one by one, so of two both have voted.
 */
function halfJoinedPeer(
  observation: Observation,
  members: ReadonlyMap<PeerId, string>,
  views: readonly AnsweredView[],
  leaderView: AnsweredView | null,
): PeerId | null {
  const answering = new Set(views.map((view) => view.cluster.peerId));
  const candidates = [...members].filter(([peer, uri]) => {
    const ordinal = ordinalOfUri(observation.wanted, uri);
    const pod = podAt(observation, ordinal);
    const volume = volumeAt(observation, ordinal);
    return !answering.has(peer) && pod !== undefined && isKnownEmpty(pod) && (volume?.peer ?? null) === null;
  });
  const peer = candidates[0]?.[0];
  if (peer === undefined || candidates.length > 1 || isNotRemoved(observation, peer)) return null;
  const collections = leaderView?.collections ?? null;
  const holdsNothing = collections?.every(({ replicas }) => replicas.every((replica) => replica.peer !== peer));
  return holdsNothing === true ? peer : null;
}

/** Removing it was tried a few times, and lately. After a while it is tried again: a node may have been too busy. */
function isNotRemoved({ operation, atMs }: Observation, peer: PeerId): boolean {
  if (operation?.type !== 'DeadPeer' || operation.step !== 'remove-peer' || operation.target !== peer) return false;
  const sinceMs = atMs - operation.startedAtMs;
  return operation.attempts >= removalAttempts && sinceMs >= 0 && sinceMs < removalPauseMs;
}

/** The first container found nothing, and the second was never let start: nothing can be on the volume. */
export function isKnownEmpty(pod: ObservedPod): boolean {
  return pod.disk.kind === 'empty' && pod.grant === null;
}

/** Of peers that were let in just now and do not answer yet, nobody can say whether they vote already. */
function newAndSilent(observation: Observation, peers: readonly Peer[]): number {
  return peers.filter((peer) => {
    if (peer.pod !== null || peer.ordinal === null) return false;
    const pod = podAt(observation, peer.ordinal);
    const volume = volumeAt(observation, peer.ordinal);
    return pod !== undefined && hasJoinGrant(pod) && volume?.peer !== peer.id;
  }).length;
}

export function hasJoinGrant(pod: ObservedPod): boolean {
  return pod.grant?.startsWith('join=') ?? false;
}

function nameOf(observation: Observation, peer: Peer): string {
  return peer.ordinal === null ? `peer ${peer.id}` : `${observation.wanted.setName}-${peer.ordinal}`;
}

function sameKeys(a: ReadonlyMap<PeerId, string>, b: ReadonlyMap<PeerId, string>): boolean {
  return a.size === b.size && [...a.keys()].every((key) => b.has(key));
}

function describeGroups(groups: readonly (readonly AnsweredView[])[]): string {
  const lines = groups.map((views) => {
    const members = [...new Set(views.flatMap((view) => [...view.cluster.peers.keys()]))].toSorted();
    const pods = views.map((view) => view.pod).toSorted();
    return `${pods.join(', ')} with the members ${members.join(', ')}`;
  });
  return `The pods form ${groups.length} clusters that know nothing of each other: ${lines.toSorted().join('; ')}.`;
}
