import type { Alteration } from './compiled-simulator.js';
import type { Plan } from './plan.js';

export interface PlantedBug {
  readonly name: string;
  readonly alterations: readonly Alteration[];
  /** It is to be found within so many seeds. */
  readonly seeds: number;
  /** What the defect needs to show, where a mixture has it seldom. */
  readonly plan?: Partial<Plan>;
}

function bug(name: string, file: string, find: string, replace: string, seeds = 2000): PlantedBug {
  return { name, alterations: [{ file, find, replace }], seeds };
}

/** Mistakes that implementations of Raft have made, or that ours would make if a line were forgotten. */
export const plantedBugs: readonly PlantedBug[] = [
  bug(
    'a vote is sent before it is on disk',
    'election.ts',
    "state.sendAfterPersistence({ type: 'vote-response'",
    "state.send({ type: 'vote-response'",
  ),
  {
    name: 'a candidate counts its own vote before it is on disk',
    alterations: [
      {
        file: 'election.ts',
        find: 'term, last: lastId(log), cause });\n  }\n}\n\n/** To be called',
        replace: 'term, last: lastId(log), cause });\n  }\n  recordVote(state, from, true);\n}\n\n/** To be called',
      },
    ],
    seeds: 3000,
    // Alone, and with learners that remember what it forgets.
    plan: { voters: 1, spares: 2, memberChanges: 0.5, diskDelay: [2, 25], crashesOnWrite: 0.15 },
  },
  bug(
    'a peer forgets its vote when it restarts',
    'raft-state.ts',
    'this.vote = this.term === term ? vote : null',
    'this.vote = null',
  ),
  bug(
    'a peer votes for a candidate whose log is behind',
    'raft-log.ts',
    'return other.term > term || (other.term === term && other.index >= index)',
    'return other.index + index + term >= 0',
  ),
  bug(
    'a peer votes for everyone who asks',
    'election.ts',
    'const free = state.vote === to || (',
    'const free = true || (',
  ),
  bug(
    'a pre-vote raises the term',
    'raft-node.ts',
    "case 'pre-vote':\n        return null;",
    "case 'pre-vote':\n        state.becomeFollower(message.term, null);\n        return null;",
  ),
  {
    name: 'entries of old terms are committed by counting',
    alterations: [{ file: 'replication.ts', find: '&& log.term(reached) === term', replace: '' }],
    seeds: 3000,
    plan: {
      ...{ voters: 3, spares: 0, ticks: 80, preVote: true, electionTicks: 3, messageDelay: [0, 6], loss: 0.1 },
      ...{ diskDelay: [0, 2], crashesOnWrite: 0.15, restarts: 0.5, proposals: 0.3, maxAppendBytes: 1, evidence: 1 },
    },
  },
  bug(
    'a leader counts its own entries before they are on disk',
    'replication.ts',
    'voter === id ? log.stable :',
    'voter === id ? log.lastIndex :',
  ),
  bug(
    'entries are acknowledged before they are on disk',
    'following.ts',
    "state.sendAfterPersistence({ type: 'append-response', from, to, term, index, rejected: null })",
    "state.send({ type: 'append-response', from, to, term, index, rejected: null })",
  ),
  bug(
    'a follower appends without comparing the entry before',
    'following.ts',
    'if (!log.has(previous)) {',
    'if (previous.index > log.lastIndex) {',
  ),
  bug(
    'a rejection moves the match index forward',
    'replication.ts',
    'return progress.rejected(index, hint)',
    'progress.acknowledged(rejected.index);\n    return progress.rejected(index, hint)',
  ),
  bug(
    'a heartbeat commits what the follower may have differently',
    'replication.ts',
    'commit: Math.min(match, log.commit), round',
    'commit: log.commit, round',
  ),
  bug(
    'a late append cuts entries that came after it',
    'following.ts',
    'const difference = log.firstDifference(entries);',
    'const difference = entries[0]?.index ?? null;',
  ),
  bug(
    'messages of old terms are taken',
    'raft-node.ts',
    "this.#answerOldTerm(message);\n      return 'old-term';",
    'this.#answerOldTerm(message);',
  ),
  bug(
    'an old snapshot takes the state back',
    'following.ts',
    'if (!wanted && (meta.index <= log.commit || log.has(meta))) {',
    'if (!wanted && meta.index > log.commit && log.has(meta)) {',
  ),
  bug(
    'a snapshot throws away acknowledged entries after it',
    'following.ts',
    'meta.index <= log.commit || log.has(meta)',
    'meta.index <= log.commit',
  ),
  bug(
    'a change of members is taken while one is pending',
    'membership.ts',
    "if (state.pendingConfIndex > state.log.applied) return { kind: 'pending' };",
    '',
  ),
  bug(
    'a new leader forgets that a change of members may be pending',
    'raft-state.ts',
    'this.pendingConfIndex = this.log.lastIndex;',
    'this.pendingConfIndex = 0;',
  ),
  {
    name: 'learners count in the quorum',
    alterations: [
      {
        file: 'members.ts',
        find: 'const values = [...this.voters].map(valueOf)',
        replace: 'const values = this.all().map(valueOf)',
      },
    ],
    seeds: 3000,
    plan: { voters: 3, spares: 3, memberChanges: 0.5, electionTicks: 3, partitions: 0.15, evidence: 1 },
  },

  bug(
    'half of the voters are a quorum',
    'members.ts',
    'Math.floor(this.voters.size / 2) + 1',
    'Math.ceil(this.voters.size / 2)',
  ),
  bug(
    'members that were removed are counted on',
    'members.ts',
    'return new Members(without(this.voters, peer), without(this.learners, peer));',
    'return new Members(this.voters.size > 3 ? without(this.voters, peer) : this.voters, without(this.learners, peer));',
  ),
  {
    name: 'a read is answered without a round of heartbeats',
    alterations: [
      {
        file: 'reading.ts',
        find: 'of reads.confirm(round)) {',
        replace: 'of reads.confirm(round + heartbeatRound)) {',
      },
    ],
    seeds: 3000,
    plan: { voters: 3, checkQuorum: false, electionTicks: 3, partitions: 0.15, reads: 2, proposals: 1 },
  },

  bug(
    'a new leader answers reads before it has committed anything',
    'reading.ts',
    'if (log.term(log.commit) !== state.term) return;',
    '',
  ),
  bug(
    'the commit index on disk runs ahead of the log on disk',
    'ready-builder.ts',
    'Math.max(before.commit, Math.min(log.commit, log.stable))',
    'Math.max(before.commit, log.commit)',
  ),

  {
    name: 'a Ready goes on growing after it was handed over',
    alterations: [
      {
        file: 'ready-builder.ts',
        find: '    state.messagesAfterPersistence = [];',
        replace: '    if (messagesAfterPersistence.length > 0) state.messagesAfterPersistence = [];',
      },
    ],
    seeds: 3000,
    plan: {
      voters: 3,
      spares: 0,
      ticks: 80,
      electionTicks: 3,
      diskDelay: [2, 25],
      crashesOnWrite: 0.15,
      restarts: 0.5,
    },
  },

  {
    name: 'nobody tells a candidate that the voter it waits for was removed',
    alterations: [
      {
        file: 'election.ts',
        find: "state.role !== 'leader' && state.log.has(committed)",
        replace: 'state.term < 0 && state.log.has(committed)',
      },
      { file: 'membership.ts', find: 'state.departure ??=', replace: 'depart(state);\n  state.departure ??=' },
    ],
    seeds: 3000,
  },
];
