import type { Alteration } from './altered-raft.js';

export interface PlantedBug {
  readonly name: string;
  readonly alterations: readonly Alteration[];
  /** It is to be found within so many seeds. */
  readonly seeds: number;
}

function bug(name: string, file: string, find: string, replace: string, seeds = 400): PlantedBug {
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
    name: 'votes are asked for, and the own one is counted, before it is on disk',
    alterations: [
      {
        file: 'election.ts',
        find: "state.sendAfterPersistence({ type: 'vote',",
        replace: "state.send({ type: 'vote',",
      },
      { file: 'election.ts', find: '|| !persistence.hasOnDisk(term, id)', replace: '' },
    ],
    seeds: 3000,
  },
  bug(
    'a peer forgets its vote when it restarts',
    'raft-state.ts',
    'this.vote = this.term === term ? vote : null',
    'this.vote = null',
    1000,
  ),
  bug(
    'a peer votes for a candidate whose log is behind',
    'raft-log.ts',
    'return other.term > term || (other.term === term && other.index >= index)',
    'return other.index >= 0 || index + term < 0',
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
  bug('entries of old terms are committed by counting', 'replication.ts', '&& log.term(reached) === term', '', 3000),
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
    'an acknowledgement covers entries that were not compared',
    'following.ts',
    'acknowledge(state, from, last);',
    'acknowledge(state, from, log.lastIndex);',
  ),
  bug(
    'an append commits entries that were not compared',
    'following.ts',
    'log.commitTo(Math.min(commit, last))',
    'log.commitTo(Math.min(commit, log.lastIndex))',
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
    3000,
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
    3000,
  ),
  bug(
    'learners count in the quorum',
    'members.ts',
    'const values = [...this.voters].map(valueOf)',
    'const values = this.all().map(valueOf)',
    1000,
  ),
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
  bug(
    'a read is answered without a round of heartbeats',
    'reading.ts',
    'for (const { from: to, context, index } of reads.confirm(round)) {',
    'for (const { from: to, context, index } of reads.confirm(round + heartbeatRound)) {',
    3000,
  ),
  bug(
    'a new leader answers reads before it has committed anything',
    'reading.ts',
    'if (log.term(log.commit) !== state.term) return;',
    '',
    3000,
  ),
  bug(
    'the commit index on disk runs ahead of the log on disk',
    'ready-builder.ts',
    'Math.max(before.commit, Math.min(log.commit, log.stable))',
    'Math.max(before.commit, log.commit)',
  ),
  bug(
    'a write that a later one cut counts as being on disk',
    'persistence.ts',
    'write.lastIndex = Math.min(write.lastIndex, index);',
    'write.lastIndex = Math.max(write.lastIndex, 0 * index);',
    20000,
  ),
  bug(
    'a Ready goes on growing after it was handed over',
    'ready-builder.ts',
    '    state.messagesAfterPersistence = [];',
    '    if (messagesAfterPersistence.length > 0) state.messagesAfterPersistence = [];',
    3000,
  ),
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
