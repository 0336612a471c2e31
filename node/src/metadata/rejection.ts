/** Why an operation changed nothing. The same on every node, since it follows from the state alone. */
import type { PeerId } from './peer-id.js';
import type { ReplicaState } from './replica-state.js';

export type Rejection =
  | { readonly reason: 'collection-exists'; readonly name: string }
  /** By identity: it was deleted meanwhile, and perhaps created again. */
  | { readonly reason: 'no-such-collection'; readonly collection: number }
  | { readonly reason: 'no-such-vector'; readonly name: string }
  | { readonly reason: 'bad-placement'; readonly problem: string }
  | { readonly reason: 'no-such-peer'; readonly peer: PeerId }
  | { readonly reason: 'peer-was-removed'; readonly peer: PeerId }
  | { readonly reason: 'address-in-use'; readonly uri: string; readonly peer: PeerId }
  | { readonly reason: 'peer-has-replicas'; readonly peer: PeerId; readonly replicas: number }
  | { readonly reason: 'last-peer'; readonly peer: PeerId }
  | { readonly reason: 'no-such-shard'; readonly shard: number }
  | { readonly reason: 'no-such-replica'; readonly shard: number; readonly peer: PeerId }
  | {
      readonly reason: 'other-replica-state';
      readonly shard: number;
      readonly peer: PeerId;
      readonly state: ReplicaState;
      readonly expected: ReplicaState;
    }
  /** Since whoever proposed this looked at it. */
  | { readonly reason: 'replicas-changed'; readonly shard: number; readonly changedAt: number }
  | { readonly reason: 'last-source-of-truth'; readonly shard: number; readonly peer: PeerId }
  | { readonly reason: 'last-replica'; readonly shard: number; readonly peer: PeerId }
  | { readonly reason: 'last-active-replica'; readonly shard: number; readonly peer: PeerId }
  | { readonly reason: 'same-peer'; readonly peer: PeerId }
  | {
      readonly reason: 'source-not-active';
      readonly shard: number;
      readonly peer: PeerId;
      readonly state: ReplicaState;
    }
  | {
      readonly reason: 'target-not-needed';
      readonly shard: number;
      readonly peer: PeerId;
      readonly state: ReplicaState;
    }
  | { readonly reason: 'in-transfer'; readonly shard: number; readonly peer: PeerId; readonly transfer: number }
  | { readonly reason: 'no-such-transfer'; readonly transfer: number };

/** A sentence without its full stop, for callers that have no better words. */
export function rejectionText(rejection: Rejection): string {
  switch (rejection.reason) {
    case 'collection-exists':
      return `Collection \`${rejection.name}\` already exists!`;
    case 'no-such-collection':
      return 'The collection does not exist any more';
    case 'no-such-vector':
      return `Not existing vector name error: ${rejection.name}`;
    case 'bad-placement':
      return rejection.problem;
    case 'no-such-peer':
      return `Peer ${rejection.peer} does not exist`;
    case 'peer-was-removed':
      return `Peer ${rejection.peer} was removed from this cluster and cannot come back under this id`;
    case 'address-in-use':
      return `Peer ${rejection.peer} has the address ${rejection.uri} and holds shards`;
    case 'peer-has-replicas':
      return `Cannot remove peer ${rejection.peer} as there are shards on it`;
    case 'last-peer':
      return `Cannot remove peer ${rejection.peer} as it is the last of the cluster`;
    case 'no-such-shard':
      return `Shard ${rejection.shard} does not exist`;
    case 'no-such-replica':
      return `Shard ${rejection.shard} is not on peer ${rejection.peer}`;
    case 'other-replica-state':
      return (
        `Replica of shard ${rejection.shard} on peer ${rejection.peer} is ${rejection.state}, ` +
        `not ${rejection.expected}`
      );
    case 'replicas-changed':
      return `Replicas of shard ${rejection.shard} have changed at metadata index ${rejection.changedAt}`;
    case 'last-source-of-truth':
      return `Shard ${rejection.shard} has its last source of truth on peer ${rejection.peer}`;
    case 'last-replica':
      return `Shard ${rejection.shard} has its last replica on peer ${rejection.peer}`;
    case 'last-active-replica':
      return `Shard ${rejection.shard} has its last active replica on peer ${rejection.peer}`;
    case 'same-peer':
      return `Source and target are the same peer ${rejection.peer}`;
    case 'source-not-active':
      return `Shard ${rejection.shard} is not active on peer ${rejection.peer}, but ${rejection.state}`;
    case 'target-not-needed':
      return `Shard ${rejection.shard} is ${rejection.state} on peer ${rejection.peer} already`;
    case 'in-transfer':
      return `Shard ${rejection.shard} is in a transfer on peer ${rejection.peer} already`;
    case 'no-such-transfer':
      return 'The transfer does not exist';
  }
}
