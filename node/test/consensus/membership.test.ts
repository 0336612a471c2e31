import { describe, expect, it } from 'vitest';
import { nextMembershipStep } from '../../src/consensus/membership.js';
import type { MetadataState, PeerState } from '../../src/metadata/metadata-state.js';
import type { ProgressStatus } from '../../src/raft/raft.js';

const metadata = (...ids: readonly number[]) => ({
  peers: new Map(ids.map((id): [number, PeerState] => [id, { id, uri: `http://${id}/`, version: null }])),
});

const follower = (peer: number, more: Partial<ProgressStatus> = {}): ProgressStatus => ({
  ...{ peer, learner: false, match: 100, state: 'replicate', recentlyActive: true },
  ...more,
});

/** Peer 1 leads, and its log has 100 entries, all of them committed. */
const status = (voters: readonly number[], learners: readonly number[], ...progress: readonly ProgressStatus[]) => ({
  ...{ id: 1, commit: 100, lastIndex: 100, progress },
  confState: { voters, learners },
});

describe('the leader', () => {
  const table: readonly [string, Pick<MetadataState, 'peers'>, ReturnType<typeof status>, object | null][] = [
    ['does nothing when all is as it should be', metadata(1, 2), status([1, 2], [], follower(2)), null],
    ['adds a peer as learner', metadata(1, 2), status([1], []), { kind: 'add-learner', peer: 2 }],
    [
      'promotes a learner that has caught up',
      metadata(1, 2),
      status([1], [2], follower(2, { learner: true })),
      { kind: 'promote', peer: 2 },
    ],
    [
      'lets a learner that is far behind catch up',
      metadata(1, 2),
      status([1], [2], follower(2, { learner: true, match: 20 })),
      null,
    ],
    [
      'does not promote a learner that is silent',
      metadata(1, 2),
      status([1], [2], follower(2, { learner: true, recentlyActive: false })),
      null,
    ],
    [
      'does not promote a learner whose log is not known',
      metadata(1, 2),
      status([1], [2], follower(2, { learner: true, state: 'probe' })),
      null,
    ],
    ['removes a member that is gone', metadata(1), status([1, 2], [], follower(2)), { kind: 'remove', peer: 2 }],
    ['tells a member first that it is gone', metadata(1), status([1, 2], [], follower(2, { match: 99 })), null],
    [
      'does not wait to tell one that is silent',
      metadata(1),
      status([1, 2], [], follower(2, { match: 9, recentlyActive: false })),
      { kind: 'remove', peer: 2 },
    ],
    ['removes before it adds', metadata(1, 3), status([1, 2], [], follower(2)), { kind: 'remove', peer: 2 }],
    [
      'removes itself last',
      metadata(2, 3),
      status([1, 2], [3], follower(2), follower(3, { learner: true })),
      { kind: 'promote', peer: 3 },
    ],
    ['removes itself', metadata(2), status([1, 2], [], follower(2)), { kind: 'remove', peer: 1 }],
    [
      'stays while nobody else could lead',
      metadata(2),
      status([1], [2], follower(2, { learner: true, match: 1 })),
      null,
    ],
  ];
  it.each(table)('%s', (_name, wanted, present, step) => {
    expect(nextMembershipStep(wanted, present)).toEqual(step);
  });
});
